import type { TestRedis } from '@millrace/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { withStores, type OpenStores } from '../../../../libs/tasks/src/stores.fixture';
import { dutiesOf, forgetAll, LEASE_MS, passTime, removeUnfinished, scriptedWorker } from './duties.fixture';

const STEP_MS = 5_000;
const HOUR_MS = 3_600_000;

let redis: TestRedis;
let stores: OpenStores;

withStores((opened) => {
  stores = opened;
  redis = opened.redis;
});

beforeEach(async () => {
  await forgetAll(redis);
  await removeUnfinished(stores);
});

type RunningWorker = Awaited<ReturnType<typeof workerWithOneTask>>;

async function workerWithOneTask() {
  const worker = scriptedWorker(stores, 'live');
  await worker.register();
  const { id, taskId } = await stores.submitter.submit('noop', 'running');
  const claims = await worker.claim();
  await worker.start(claims);
  return { ...worker, id, taskId, claims };
}

/** What a worker does every third of a lease. */
async function keepAlive({ workerId, claims, beat, renew }: RunningWorker): Promise<void> {
  await beat();
  const lost = await renew(claims);
  if (lost.length === 0) return;
  const running = claims.map((claim) => ({ ...claim, attempt: 1 }));
  await stores.access.queues.of('default').reassert({ workerId, leaseMs: LEASE_MS, claims: running });
}

/** Lets two leases pass while the worker lives, every duty turns, and nobody takes anything from the queue. */
async function repair(worker: RunningWorker): Promise<void> {
  const duties = dutiesOf(stores);
  for (let nowMs = 0; nowMs <= 2 * LEASE_MS; nowMs += STEP_MS) {
    await passTime(stores, redis, STEP_MS);
    for (const id of await redis.redis.zrange(`${redis.prefix}:leases`, '0', '-1')) {
      await redis.redis.zincrby(`${redis.prefix}:leases`, -STEP_MS, id);
    }
    await stores.store.dataSource.query(
      `UPDATE tasks_pending SET updated_at = updated_at - $1 * interval '1 ms',
        run_at = CASE WHEN run_at > now() + interval '10 min' THEN run_at ELSE run_at - $1 * interval '1 ms' END`,
      [STEP_MS],
    );
    await keepAlive(worker);
    for (const witness of ['postgres', 'redis'] as const) duties.witnesses.answered(witness, nowMs);
    await duties.requeueFresh.runOnce();
    await duties.requeueMissing.runOnce(undefined, Number.POSITIVE_INFINITY);
    await duties.recoverLost.runOnce(undefined, nowMs);
    await duties.sweepLandings.runOnce();
  }
}

/** The payloads of all tasks that another worker is given by the start gate, in order. */
async function startable(): Promise<unknown[]> {
  const other = scriptedWorker(stores, 'other');
  const payloads: unknown[] = [];
  for (let claims = await other.claim(); claims.length > 0; claims = await other.claim()) {
    for (const result of await other.start(claims)) {
      if (result.kind === 'started') payloads.push(result.task.payload);
    }
    await stores.access.queues.of('default').ack(claims);
  }
  return payloads.sort();
}

describe('the loss of one key, with a live worker and a backlog', () => {
  it.each([
    ...['tasks', 'tasks:5', 'delayed_tasks', 'idx', 'processing', 'leases', 'workers', 'epoch', 'bad', 'unrecorded'],
    'claim:slow',
  ])('%s costs no task and runs none again', async (key) => {
    const worker = await workerWithOneTask();
    for (const payload of ['a', 'b', 'c']) await stores.submitter.submit('noop', payload);
    await stores.submitter.submit('noop', 'urgent', { priority: 5 });
    await stores.submitter.submit('noop', 'later', { delay: '1h' });
    await scriptedWorker(stores, 'slow')
      .claim()
      .then((claims) => stores.access.queues.of('default').putBack(claims, { delayMs: 0 }));
    await stores.access.queues.of('default').waitForWork({ workerId: 'slow', timeoutMs: 5_000 });

    await redis.redis.del(`${redis.prefix}:${key}`);
    await repair(worker);

    expect(await startable()).toEqual(['a', 'b', 'c', 'urgent']);
    const queue = stores.access.queues.of('default');
    const later = await stores.store.queries.missingCandidates({ afterId: 0, olderThanMs: 0, limit: 10 });
    expect(later).toHaveLength(1);
    const waiting = later.map(({ taskId, attempt }) => ({ taskId, attempt, dueAtMs: Date.now() + HOUR_MS }));
    expect(await queue.repair.missing(waiting)).toEqual([]);
    expect((await queue.depth()).delayed).toBe(1);
    expect(await worker.succeed(worker.id, worker.taskId, 1)).toHaveLength(1);
  });
});
