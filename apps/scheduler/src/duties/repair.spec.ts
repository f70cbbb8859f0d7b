import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeQueueTask } from '@millrace/queue';
import { eventually, type TestDatabase, type TestRedis } from '@millrace/testing';
import { Logger } from '@nestjs/common';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { openStores, withStores, type OpenStores } from '../../../../libs/tasks/src/stores.fixture';
import { dutiesOf, forgetAll, LEASE_MS, passTime, removeUnfinished, scriptedWorker } from './duties.fixture';

let redis: TestRedis;
let database: TestDatabase;
let stores: OpenStores;
let duties: ReturnType<typeof dutiesOf>;

withStores((opened) => {
  stores = opened;
  ({ database, redis } = opened);
});

beforeEach(async () => {
  duties = dutiesOf(stores);
  await forgetAll(redis);
  await removeUnfinished(stores);
});

const submitMany = (count: number) =>
  stores.submitter.submitMany(Array.from({ length: count }, (_, n) => ({ type: 'noop', payload: n })));

/** Every task that a worker can get now, by payload. */
async function claimable(): Promise<unknown[]> {
  const worker = scriptedWorker(stores, 'w');
  const payloads: unknown[] = [];
  for (let claims = await worker.claim(); claims.length > 0; claims = await worker.claim()) {
    payloads.push(...claims.map(({ json }) => decodeQueueTask(json).payload));
    await stores.access.queues.of('default').ack(claims);
  }
  return payloads.sort((a, b) => Number(a) - Number(b));
}

/** Makes rows look as old as they say. */
const age = (seconds: number) =>
  stores.store.dataSource.query(
    `UPDATE tasks_pending SET run_at = run_at - $1 * interval '1 s', updated_at = updated_at - $1 * interval '1 s'`,
    [seconds],
  );

describe('fresh rows whose push never happened', () => {
  it('are queued when they are two seconds old, and not before', async () => {
    await submitMany(3);
    await forgetAll(redis);

    expect(await duties.requeueFresh.runOnce()).toEqual({ dispatched: 0, requeued: 0 });
    await age(2);
    expect(await duties.requeueFresh.runOnce()).toEqual({ dispatched: 3, requeued: 0 });
    expect(await claimable()).toEqual([0, 1, 2]);
  });

  it('count as a repair only when their push was surely lost, not slow', async () => {
    await submitMany(2);
    await forgetAll(redis);
    await age(10);

    expect(await duties.requeueFresh.runOnce()).toEqual({ dispatched: 0, requeued: 2 });
  });

  it('are read in pieces of bounded size, and only those that are missing', async () => {
    const read = vi.spyOn(stores.store.queries, 'pendingByIds');
    await submitMany(100);
    const large = () => ({ type: 'noop', payload: randomBytes(100_000).toString('base64') });
    const missing = await stores.submitter.submitMany(Array.from({ length: 6 }, large));
    for (const { taskId } of missing) await redis.redis.hdel(`${redis.prefix}:idx`, taskId);
    await age(2);

    expect(await duties.requeueFresh.runOnce()).toEqual({ dispatched: 6, requeued: 0 });

    expect(read.mock.calls.map(([ids]) => ids.length)).toEqual([1, 1, 1, 1, 1, 1]);
    read.mockRestore();
  });

  it('that are queued already are left alone', async () => {
    await submitMany(3);
    await age(10);

    expect(await duties.requeueFresh.runOnce()).toEqual({ dispatched: 0, requeued: 0 });
    expect(await claimable()).toEqual([0, 1, 2]);
  });
});

describe('the sweep over pending rows', () => {
  it('refills an emptied Redis at once when the epoch is lost, delayed tasks too', async () => {
    await duties.watchEpoch.runOnce();
    await submitMany(2_500);
    await stores.submitter.submit('noop', 'later', { delay: '1h' });
    await forgetAll(redis);

    expect(await duties.watchEpoch.runOnce()).toEqual({ losses: 1 });
    expect(await duties.requeueMissing.runOnce()).toEqual({ requeued: 2_501 });
    expect(await claimable()).toHaveLength(2_500);
    expect((await stores.access.queues.of('default').depth()).delayed).toBe(1);
  });

  it('warns of a loss while it watches, and not of a Redis that is new to it', async () => {
    const started = await openStores({ databaseUrl: database.url, redisUrl: redis.url, prefix: redis.prefix });
    const { watchEpoch } = dutiesOf(started);
    const warn = vi.spyOn(Logger.prototype, 'warn');
    expect(await watchEpoch.runOnce()).toEqual({ losses: 1 });
    expect(warn).not.toHaveBeenCalled();

    await forgetAll(redis);
    expect(await watchEpoch.runOnce()).toEqual({ losses: 1 });

    expect(warn).toHaveBeenCalledTimes(1);
    warn.mockRestore();
    await started.close();
  });

  it('counts a lost epoch as an outage', async () => {
    await duties.watchEpoch.runOnce();
    await duties.watchEpoch.runOnce();
    await sleep(20);
    await duties.watchEpoch.runOnce();
    expect(duties.witnesses.haveAnsweredFor(10)).toBe(true);

    await forgetAll(redis);
    await duties.watchEpoch.runOnce();

    expect(duties.witnesses.haveAnsweredFor(0)).toBe(false);
  });

  it('enqueues anyway when the index counts more than the lists hold', async () => {
    await submitMany(3);
    await age(10);
    await redis.redis.ltrim(`${redis.prefix}:tasks`, 0, 0);

    expect((await duties.requeueMissing.runOnce()).requeued).toBeGreaterThanOrEqual(2);
    expect(new Set(await claimable())).toEqual(new Set([0, 1, 2]));
  });

  it('gets over the loss of entries whose tasks have ended, once', async () => {
    const [cancelled] = await submitMany(3);
    await stores.store.tasks.cancelIfPending(cancelled?.taskId ?? '');
    await age(10);
    await redis.redis.del(`${redis.prefix}:tasks`);

    expect(await duties.requeueMissing.runOnce()).toEqual({ requeued: 2 });
    expect(await duties.requeueMissing.runOnce(undefined, Number.POSITIVE_INFINITY)).toEqual({ requeued: 0 });
    expect(await claimable()).toEqual([1, 2]);
    expect(await stores.access.queues.of('default').repair.lostEntries()).toBe(0);
  });

  it('enqueues anyway what is long overdue while nothing is ready', async () => {
    await submitMany(1);
    await age(31);
    // A stranger's entry hides the loss from the counts.
    await redis.redis.del(`${redis.prefix}:tasks`);
    await redis.redis.zadd(`${redis.prefix}:delayed_tasks`, Date.now() + 60_000, '{"id":"x","name":"noop"}');

    expect(await duties.requeueMissing.runOnce()).toEqual({ requeued: 1 });
    expect(await claimable()).toEqual([0]);
  });

  it('takes no entry for lost that is on its way into the hands of a worker', async () => {
    const queue = stores.access.queues.of('default');
    await scriptedWorker(stores, 'slow').claim();
    await submitMany(3);
    await queue.waitForWork({ workerId: 'slow', timeoutMs: 5_000 });
    expect((await queue.depth()).ready).toBe(2);
    await age(10);

    expect(await duties.requeueMissing.runOnce()).toEqual({ requeued: 0 });
  });

  it('leaves a task alone that nobody serves and that was put back for a while', async () => {
    const worker = scriptedWorker(stores, 'w');
    await submitMany(1);
    await stores.access.queues.of('default').putBack(await worker.claim(), { delayMs: 30_000 });
    await age(3_600);

    expect(await duties.requeueMissing.runOnce()).toEqual({ requeued: 0 });
    expect(await claimable()).toEqual([]);
  });

  it('starts over when a loss is noticed in its midst', async () => {
    await submitMany(1_500);
    await age(10);
    const pages = vi.spyOn(stores.store.queries, 'missingCandidates');
    const sweep = duties.requeueMissing.runOnce();
    await eventually(() => expect(pages).toHaveBeenCalled());
    await forgetAll(redis);
    duties.requeueMissing.startOver();

    const { requeued = 0 } = await sweep;
    const { requeued: after = 0 } = await duties.requeueMissing.runOnce();

    expect(requeued + after).toBeGreaterThanOrEqual(1_500);
    expect(await claimable()).toHaveLength(1_500);
    pages.mockRestore();
  });

  it('does not double a backlog that only waits for workers', async () => {
    await submitMany(5);
    await age(3_600);

    expect(await duties.requeueMissing.runOnce()).toEqual({ requeued: 0 });
    expect(await claimable()).toEqual([0, 1, 2, 3, 4]);
  });

  it('rests between two sweeps', async () => {
    await duties.requeueMissing.runOnce();
    await submitMany(1);
    await age(10);
    await forgetAll(redis);

    expect(await duties.requeueMissing.runOnce()).toEqual({ requeued: 0 });
    expect(await duties.requeueMissing.runOnce(undefined, performance.now() + 15_000)).toEqual({ requeued: 1 });
  });
});

describe('submits straight into Redis', () => {
  it('get their row from the note that the client left, once', async () => {
    const now = await stores.access.client.submit('noop', 'now');
    const later = await stores.access.client.submitIn('1h', 'noop', 'later', { maxRetry: 7 });

    expect(await duties.recordUnrecorded.runOnce()).toEqual({ recorded: 2 });
    expect(await duties.recordUnrecorded.runOnce()).toEqual({ recorded: 0 });

    expect(await stores.store.queries.findByTaskId(now.id)).toMatchObject({ status: 'pending', maxRetry: 3 });
    const row = await stores.store.queries.findByTaskId(later.id);
    expect(row).toMatchObject({ payload: 'later', maxRetry: 7 });
    expect((row?.runAt.getTime() ?? 0) - Date.now()).toBeGreaterThan(3_500_000);
    expect(await claimable()).toEqual(['now']);
  });

  it('that wait for workers get no second entry beside the one that the client pushed', async () => {
    await stores.access.client.submitMany([1, 2, 3].map((payload) => ({ name: 'noop', payload })));
    await stores.access.client.submitIn('1h', 'noop', 'later');
    await duties.recordUnrecorded.runOnce();
    await age(10);

    expect(await duties.requeueFresh.runOnce()).toEqual({ dispatched: 0, requeued: 0 });
    expect(await duties.requeueMissing.runOnce()).toEqual({ requeued: 0 });

    const queue = stores.access.queues.of('default');
    expect(await queue.depth()).toMatchObject({ ready: 3, delayed: 1, indexed: 4 });
    expect(await queue.repair.lostEntries()).toBe(0);
    expect(await claimable()).toEqual([1, 2, 3]);
    expect(await queue.depth()).toMatchObject({ ready: 0, indexed: 1 });
  });
});

describe('the other duties', () => {
  it('fail pending tasks whose time is over', async () => {
    const { taskId } = await stores.submitter.submit('noop', null, { expiresAt: new Date(Date.now() + 50) });
    const kept = await stores.submitter.submit('noop', null, { expiresAt: new Date(Date.now() + 60_000) });

    await expect.poll(() => duties.expirePending.runOnce(), { timeout: 2_000 }).toEqual({ expired: 1 });

    expect(await stores.store.queries.findByTaskId(taskId)).toMatchObject({ status: 'failed', errorCode: 'expired' });
    expect((await stores.store.queries.findByTaskId(kept.taskId))?.status).toBe('pending');
  });

  it('make due tasks ready although no worker runs', async () => {
    await stores.submitter.submit('noop', 'due', { delay: 100 });

    await expect.poll(() => duties.promoteDue.runOnce(), { timeout: 2_000 }).toEqual({ promoted: 1 });
    expect(await claimable()).toEqual(['due']);
  });

  it('give back what landed for a worker that died before it could lease it', async () => {
    const worker = scriptedWorker(stores, 'dead');
    await worker.claim();
    await submitMany(1);
    await redis.redis.lmove(`${redis.prefix}:tasks`, `${redis.prefix}:claim:dead`, 'RIGHT', 'LEFT');

    expect(await duties.sweepLandings.runOnce()).toEqual({ returned: 0 });
    await passTime(stores, redis, LEASE_MS * 1.5);
    expect(await duties.sweepLandings.runOnce()).toEqual({ returned: 1 });
    expect(await claimable()).toEqual([0]);
  });

  it('fold counts without changing them', async () => {
    await submitMany(4);
    const before = await stores.store.queries.countByStatus();

    expect((await duties.foldCounts.runOnce()).folded).toBeGreaterThan(0);
    expect(await stores.store.queries.countByStatus()).toEqual(before);
  });
});
