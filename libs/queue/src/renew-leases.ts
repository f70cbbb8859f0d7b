/**
 * The program of the renewal thread; `RenewalThread` starts it and says what it is for. It imports no Nest: it must start
 * fast and has nobody to log to.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { queueKeys } from './keys';
import { COMMAND_LIMITS, openRedis } from './open-redis';
import { renewHolds } from './renew-holds';
import { monotonicMs, RenewalBeats } from './renewal-beats';
import { RenewalHolds } from './renewal-holds';
import type { RenewalThreadData } from './renewal-thread-data';
import { isUsable } from './redis-ready';

const { redisUrl, prefix, workerId, leaseMs, deadLoopMs, queues, ...shared } = workerData as RenewalThreadData;

/** The main loop renews after a third of a lease; what it has not done by then the thread does. */
const DUE_AFTER_MS = leaseMs * 0.4;
const LOOK_EVERY_MS = Math.min(1_000, Math.max(20, leaseMs / 12));

const beats = new RenewalBeats(shared.beats);
const holds = new RenewalHolds(shared.holds);
const redis = openRedis(redisUrl, 'renewals', COMMAND_LIMITS);
// A Redis that is away shows in the renewals that fail.
redis.on('error', () => undefined);

const stopping = new AbortController();
parentPort?.once('message', () => stopping.abort());

void run();

async function run(): Promise<void> {
  while (!stopping.signal.aborted) {
    if (isDue()) await renew();
    beats.countLook();
    if (beats.looks === 1) parentPort?.postMessage('looking');
    await sleep(LOOK_EVERY_MS, undefined, { signal: stopping.signal }).catch(() => undefined);
  }
  redis.disconnect();
  parentPort?.close();
}

/** A worker whose loop is dead must not keep its tasks for ever. */
function isDue(): boolean {
  const nowMs = monotonicMs();
  return nowMs - beats.renewedAtMs >= DUE_AFTER_MS && nowMs - beats.turnedAtMs < deadLoopMs;
}

async function renew(): Promise<void> {
  const startedAtMs = monotonicMs();
  try {
    if (!isUsable(redis)) throw new Error('not connected');
    const held = holds.read();
    for (const queue of queues) {
      // What became of holds that are lost, the main loop asks itself when it comes round.
      await renewHolds((script, keys, args) => script.run(redis, keys, args), queueKeys(prefix, queue), {
        workerId,
        leaseMs,
        holds: held.filter((hold) => hold.queue === queue),
      });
    }
    beats.renewedAtMs = startedAtMs;
    beats.countRenewal('ok');
  } catch {
    beats.countRenewal('failed');
  }
}
