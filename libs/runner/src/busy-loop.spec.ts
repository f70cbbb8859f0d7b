import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RescuerData } from './rescue-expired.fixture';
import rescuer from './rescue-expired.fixture?thread';
import { handlerOf, openWorkbench, type Workbench } from './worker.fixture';

const LEASE_MS = 1_000;

/** A handler that computes, on the event loop that it shares with everything else of the worker. */
describe('a worker whose event loop is busy', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let bench: Workbench;

  beforeAll(async () => {
    [database, redis] = await Promise.all([testDatabase(), testRedis()]);
    bench = await openWorkbench({
      databaseUrl: database.url,
      redisUrl: redis.url,
      prefix: redis.prefix,
      close: async () => {
        await redis.close();
        await database.drop();
      },
    });
  });

  afterAll(() => bench.close());

  /** Runs one task that computes in its first attempt; beside it somebody rescues whatever has no lease. */
  async function computing(queue: string, options: { computeMs: number; deadLoopMs?: number }) {
    const { computeMs, ...settings } = options;
    const rescued: unknown[] = [];
    const data: RescuerData = {
      moduleUrl: import.meta.url,
      databaseUrl: database.url,
      redisUrl: redis.url,
      prefix: redis.prefix,
      queue,
    };
    const thread = new Thread(rescuer, { eval: true, workerData: data });
    await once(thread, 'message');
    thread.on('message', (taskId) => rescued.push(taskId));
    const computes = handlerOf('computes', (_payload, { attempt }) => {
      if (attempt === 1) compute(computeMs);
      return attempt;
    });
    const worker = await bench.startWorker([computes], {
      queues: new Map([[queue, 1]]),
      leaseMs: LEASE_MS,
      ...settings,
    });
    const { taskId } = await bench.submitter.submit('computes', {}, { queue });
    const row = await bench.rowWhen(taskId);
    const attempts = await bench.store.attempts.ofTask(taskId);
    await worker.stop();
    await thread.terminate();
    return { taskId, row, rescued, attempts, totals: (await worker.worker.stats()).totals };
  }

  it('keeps its lease for longer than two leases', async () => {
    const { row, rescued } = await computing('busy', { computeMs: 2.5 * LEASE_MS });

    expect(rescued).toEqual([]);
    expect(row).toMatchObject({ status: 'success', result: 1, attempt: 1, crashCount: 0 });
  });

  it('loses it when the loop is dead, and the late outcome changes nothing', async () => {
    const { taskId, row, rescued, attempts, totals } = await computing('dead', {
      computeMs: 3 * LEASE_MS,
      deadLoopMs: 300,
    });

    expect(rescued).toEqual([taskId]);
    expect(row).toMatchObject({ status: 'success', result: 2, attempt: 2, crashCount: 1, retryCount: 0 });
    expect(attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual(
      expect.arrayContaining([
        [1, 'lost'],
        [1, 'superseded'],
        [2, 'succeeded'],
      ]),
    );
    expect(totals).toMatchObject({ started: 2, succeeded: 1, superseded: 1 });
  });
});

/** Nothing else of this thread runs meanwhile. */
function compute(ms: number): void {
  const endsAtMs = performance.now() + ms;
  while (performance.now() < endsAtMs);
}
