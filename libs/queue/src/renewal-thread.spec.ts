import { eventually } from '@millrace/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { monotonicMs } from './renewal-beats';
import type { Claim } from './queue-entries';
import type { RenewalThread } from './renewal-thread';
import { CLAIM, dispatch, queueFixture, type QueueFixture } from './queue.fixture';

const LEASE_MS = 600;

let fixture: QueueFixture;
const threads: RenewalThread[] = [];

beforeAll(async () => {
  fixture = await queueFixture();
});

afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.stop();
});

afterAll(() => fixture.close());

/** One claimed task whose lease nobody but the thread renews. */
async function claimed(settings: { leaseMs?: number; deadLoopMs?: number } = {}) {
  const { queue, keys } = fixture.freshQueue();
  const { workerId } = CLAIM;
  let held: Claim[] = [];
  const thread = fixture.access.queues.renewalThread({
    workerId,
    leaseMs: LEASE_MS,
    queues: [queue.name],
    holds: () => held,
    ...settings,
  });
  threads.push(thread);
  await queue.enqueue([dispatch('t1')]);
  await thread.start();
  expect(thread.counts.looks).toBeGreaterThan(0);
  const [claim] = await queue.claim({ ...CLAIM, leaseMs: LEASE_MS, ...settings });
  if (!claim) throw new Error('nothing was claimed');
  held = [claim];
  thread.hold(held);
  const expiresAtMs = async () => Number(await fixture.redis.zscore(keys.leases, 't1'));
  const release = () => {
    held = [];
  };
  return { thread, queue, keys, claim, expiresAtMs, release };
}

/** Keeps the event loop busy, as a handler that computes does. */
function compute(ms: number): void {
  const endsAtMs = performance.now() + ms;
  while (performance.now() < endsAtMs);
}

/** Lets the thread be told of the hold, then keeps the loop busy. */
async function computeFor(ms: number): Promise<void> {
  await Promise.resolve();
  compute(ms);
}

describe('the renewal thread', () => {
  it('extends leases and gives the sign of life while the event loop is busy', async () => {
    const { thread, queue, keys, expiresAtMs } = await claimed();
    const before = await expiresAtMs();

    await computeFor(2 * LEASE_MS);

    expect(thread.counts.renewals).toBeGreaterThan(1);
    expect(await expiresAtMs()).toBeGreaterThan(before + LEASE_MS);
    expect(await fixture.redis.zscore(keys.workers, CLAIM.workerId)).not.toBeNull();
    expect(await queue.repair.expired({ graceMs: 0, limit: 10 })).toEqual([]);
  });

  it('lets the leases of a loop lapse that is dead', async () => {
    const { thread, expiresAtMs } = await claimed({ deadLoopMs: 100 });
    thread.renewed(monotonicMs());
    const before = await expiresAtMs();
    const { renewals } = thread.counts;

    await computeFor(2 * LEASE_MS);

    expect(thread.counts.renewals).toBe(renewals);
    expect(await expiresAtMs()).toBe(before);
  });

  it('renews nothing as long as the main loop is in time', async () => {
    const { thread } = await claimed({ leaseMs: 3_000 });
    thread.renewed(monotonicMs());
    const { looks, renewals } = thread.counts;

    // Twice as long as it would leave a main loop that does nothing.
    await eventually(() => {
      thread.renewed(monotonicMs());
      expect(thread.counts.looks).toBeGreaterThan(looks + 9);
    });

    expect(thread.counts.renewals).toBe(renewals);
  });

  it('forgets what was released, and renews no hold of somebody else', async () => {
    const { thread, queue, claim, expiresAtMs, release } = await claimed();
    release();
    await queue.putBack([claim], { delayMs: 0 });
    const [other] = await queue.claim({ ...CLAIM, workerId: 'worker-2', leaseMs: 10 * LEASE_MS });
    const expiry = await expiresAtMs();

    await eventually(() => expect(thread.counts.renewals).toBeGreaterThan(1));

    expect(other?.taskId).toBe('t1');
    expect(await expiresAtMs()).toBe(expiry);
  });

  it('gives no sign of life after it has stopped', async () => {
    const { thread, queue } = await claimed();
    await eventually(() => expect(thread.counts.renewals).toBeGreaterThan(0));

    await thread.stop();
    await queue.removeWorker(CLAIM.workerId);
    compute(LEASE_MS);

    expect(await queue.repair.beatingWorkers({ withinMs: 60_000 })).toEqual([]);
  });
});
