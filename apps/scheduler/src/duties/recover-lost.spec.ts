import { LOSS_LIMIT, recordStarted, TaskPolicy } from '@millrace/tasks';
import type { TestRedis } from '@millrace/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import { withStores, type OpenStores } from '../../../../libs/tasks/src/stores.fixture';
import { dutiesOf, forgetAll, LEASE_MS, endLeases, passTime, removeUnfinished, scriptedWorker } from './duties.fixture';

let redis: TestRedis;
let stores: OpenStores;
let duties: ReturnType<typeof dutiesOf>;
let workers = 0;

/** The monotonic clock of the duty under test. */
let nowMs = 0;
const STEP_MS = 4_000;

/** A hold that nobody renews is watched for a lease and its grace. */
const LOST_MS = LEASE_MS * 1.5 + 2 * STEP_MS;

/** Rows take longer: silent for a lease and its grace, then watched for a grace. */
const VANISHED_MS = LEASE_MS * 2 + 2 * STEP_MS;

withStores((opened) => {
  stores = opened;
  redis = opened.redis;
});

beforeEach(async () => {
  duties = dutiesOf(stores);
  await forgetAll(redis);
  await removeUnfinished(stores);
});

const newWorker = async () => {
  const worker = scriptedWorker(stores, `w${(workers += 1)}`);
  await worker.register();
  return worker;
};

/** One claimed and started task of a new worker. */
async function running(options: { maxRetry?: number } = {}) {
  const worker = await newWorker();
  const { id, taskId } = await stores.submitter.submit('noop', { n: 1 }, options);
  const claims = await worker.claim();
  const [start] = await worker.start(claims);
  if (start?.kind !== 'started' || start.task.taskId !== taskId) throw new Error('not started');
  return { worker, claims, id, taskId, attempt: start.task.attempt };
}

/**
 * Ends the leases, then lets that much time pass for the stores and for the duty, which sees both of them every few
 * seconds. `meanwhile` happens just before each look.
 */
async function watchFor(ms: number, meanwhile: () => Promise<unknown> = async () => undefined) {
  const totals: Record<string, number> = {};
  await endLeases(redis);
  for (const end = nowMs + ms; nowMs < end; nowMs += STEP_MS) {
    await passTime(stores, redis, STEP_MS);
    duties.witnesses.answered('postgres', nowMs);
    duties.witnesses.answered('redis', nowMs);
    await meanwhile();
    for (const [what, count] of Object.entries(await duties.recoverLost.runOnce(undefined, nowMs))) {
      totals[what] = (totals[what] ?? 0) + count;
    }
  }
  return totals;
}

const rowOf = async (taskId: string) => stores.store.queries.findByTaskId(taskId);

describe('a lost worker', () => {
  it('that was a scheduler leaves runs of functions failed and queues none of them', async () => {
    const scheduler = await newWorker();
    const parts = { tasks: stores.store.tasks, policy: new TaskPolicy() };
    const { taskId } = await recordStarted(parts, { type: 'scheduled:rebuild', payload: {} }, scheduler.workerId);

    const counts = await watchFor(VANISHED_MS);

    expect(counts).toMatchObject({ rescued: 1 });
    expect(await rowOf(taskId)).toMatchObject({ status: 'failed', errorCode: 'worker_crashed', attempt: 1 });
    expect(await stores.access.queues.of('default').depth()).toMatchObject({ ready: 0, delayed: 0 });
  });

  it('loses its task to another one, which costs a crash and no retry', async () => {
    const { taskId } = await running();

    const counts = await watchFor(LOST_MS);

    expect(counts.rescued).toBe(1);
    expect(await rowOf(taskId)).toMatchObject({ status: 'pending', attempt: 1, crashCount: 1, retryCount: 0 });
    const again = await (await newWorker()).claim();
    expect(again.map((claim) => [claim.taskId, claim.attempt])).toEqual([[taskId, 1]]);
  });

  it('cannot overwrite its successor by a late outcome', async () => {
    const { worker, id, taskId, attempt } = await running();
    await watchFor(LOST_MS);
    const successor = await newWorker();
    await successor.start(await successor.claim());

    const won = await worker.succeed(id, taskId, attempt);

    expect(won).toEqual([]);
    expect(await rowOf(taskId)).toMatchObject({ status: 'processing', attempt: 2, workerId: successor.workerId });
    expect(await successor.succeed(id, taskId, 2)).toHaveLength(1);
  });

  it('that has recorded its outcome just before is only let go of', async () => {
    const { worker, id, taskId, attempt } = await running();
    await worker.succeed(id, taskId, attempt);

    const counts = await watchFor(LOST_MS);

    expect(counts).toMatchObject({ rescued: 0, released: 1 });
    expect((await rowOf(taskId))?.status).toBe('success');
    expect((await stores.access.queues.of('default').depth()).processing).toBe(0);
  });

  it('before the start gate gives its task back with nothing spent', async () => {
    const worker = await newWorker();
    const { taskId } = await stores.submitter.submit('noop', null);
    await worker.claim();

    const counts = await watchFor(LOST_MS);

    expect(counts).toMatchObject({ rescued: 0, requeued: 1 });
    expect(await rowOf(taskId)).toMatchObject({ status: 'pending', attempt: 0, crashCount: 0 });
    expect((await (await newWorker()).claim()).map((claim) => claim.taskId)).toEqual([taskId]);
  });

  it('gives back a raw entry without a row unchanged', async () => {
    const json = JSON.stringify({ id: 'raw-1', name: 'noop', payload: { a: 1 }, max_retry: 2 });
    await redis.redis.lpush(`${redis.prefix}:tasks`, json);
    await (await newWorker()).claim();

    const counts = await watchFor(LOST_MS);

    expect(counts.returned).toBe(1);
    expect((await (await newWorker()).claim()).map((claim) => claim.json)).toEqual([json]);
  });

  it('keeps its task for a lease and its grace', async () => {
    const { taskId } = await running();

    await watchFor(LEASE_MS * 1.5);

    expect((await rowOf(taskId))?.status).toBe('processing');
  });

  it('ten times makes the task fail', async () => {
    const { taskId } = await running();
    await watchFor(LOST_MS);
    for (let crash = 2; crash <= LOSS_LIMIT; crash += 1) {
      const next = await newWorker();
      await next.start(await next.claim());
      await watchFor(LOST_MS);
    }

    expect(await rowOf(taskId)).toMatchObject({ status: 'failed', errorCode: 'worker_crashed', crashCount: 10 });
  });

  it('is found by its rows alone when Redis has forgotten its holds', async () => {
    const { taskId } = await running();
    await redis.redis.del(`${redis.prefix}:processing`, `${redis.prefix}:leases`, `${redis.prefix}:workers`);

    const counts = await watchFor(VANISHED_MS);

    expect(counts.rescued).toBe(1);
    expect((await rowOf(taskId))?.status).toBe('pending');
    await (await newWorker()).claim();
  });

  it('keeps tasks whose leases run on: what they did lies on disk, yet to be recorded', async () => {
    const { claims, taskId } = await running();
    const keep = () => stores.access.queues.of('default').keep(claims, { forMs: 10 * LEASE_MS });
    await keep();

    const counts = await watchFor(2 * VANISHED_MS, keep);

    expect(counts.rescued).toBe(0);
    expect(await rowOf(taskId)).toMatchObject({ status: 'processing', attempt: 1 });
    await stores.access.queues.of('default').keep(claims, { forMs: 1 });
    expect((await watchFor(VANISHED_MS)).rescued).toBe(1);
    await (await newWorker()).claim();
  });
});

describe('a living worker', () => {
  it('keeps its task however long it runs', async () => {
    const { worker, claims, taskId } = await running();

    const counts = await watchFor(3 * LEASE_MS, () => worker.renew(claims));

    expect(counts.rescued).toBe(0);
    expect((await rowOf(taskId))?.status).toBe('processing');
  });

  it('that only PostgreSQL has lost sight of keeps its task', async () => {
    const { worker, claims, taskId } = await running();
    await stores.store.workers.remove(worker.workerId);

    const counts = await watchFor(3 * LEASE_MS, () => worker.renew(claims));

    expect(counts.rescued).toBe(0);
    expect((await rowOf(taskId))?.status).toBe('processing');
  });
});

describe('after an outage', () => {
  it.each(['redis', 'postgres'] as const)(
    'of %s for two leases a worker that goes on loses nothing, a dead one does',
    async (store) => {
      const alive = await running();
      const dead = await running();
      await watchFor(2 * LEASE_MS, async () => duties.witnesses.interrupted(store));
      await alive.worker.renew(alive.claims);
      await alive.worker.beat();

      const counts = await watchFor(3 * LEASE_MS, async () => {
        await alive.worker.renew(alive.claims);
        await alive.worker.beat();
      });

      expect(counts.rescued).toBe(1);
      expect(await rowOf(alive.taskId)).toMatchObject({ status: 'processing', attempt: 1 });
      expect(await rowOf(dead.taskId)).toMatchObject({ status: 'pending', crashCount: 1 });
    },
  );

  it('nobody is called lost before both stores have answered for one lease', async () => {
    const { taskId } = await running();
    const interrupt = async () => duties.witnesses.interrupted('redis');

    const counts = await watchFor(3 * LEASE_MS, interrupt);

    expect(counts.rescued).toBe(0);
    expect((await rowOf(taskId))?.status).toBe('processing');
  });
});
