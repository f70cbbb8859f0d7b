import { Redis } from 'ioredis';
import { eventually } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestWorker } from '../worker.fixture';
import { openTrickBench, type TrickBench } from './trick-bench.fixture';
import { TRICK_HANDLERS, type Trick } from './tricks.fixture';

/** A cell takes about a second to start, several on a busy machine. */
const PATIENCE_MS = 60_000;
const SLOW_TEST = { timeout: 120_000 };

let bench: TrickBench;
let worker: TestWorker;

beforeAll(async () => {
  bench = await openTrickBench();
  worker = await bench.startWorker(TRICK_HANDLERS, { workers: 10, isolatedWorkers: 2 }, bench.program);
}, 120_000);

afterAll(() => bench.close());

async function run(type: string, how: Trick, options: { maxRetry?: number; timeout?: string } = {}) {
  const { taskId } = await bench.submitter.submit(type, { how }, { maxRetry: 0, ...options });
  return taskId;
}

const ended = (taskId: string) => bench.rowWhen(taskId, undefined, PATIENCE_MS);

const waits = (taskId: string) => bench.rowWhen(taskId, ({ progress }) => progress === 'waiting', PATIENCE_MS);

describe.each(['in_process', 'in_thread'])('an isolated handler, %s,', SLOW_TEST, (type) => {
  it('runs under the same rules as any other', async () => {
    const row = await ended(await run(type, 'everything'));

    expect(row).toMatchObject({ status: 'success', attempt: 1, crashCount: 0 });
    expect(row.result).toMatchObject({
      attempt: 1,
      created: row.createdAt.toISOString(),
      nul: 'a NUL � and half a pair �',
      big: '12345678901234567890',
      badSubmit: 'InvalidTask',
      largeProgress: 'InvalidTask',
    });
    const { pid, submitted } = row.result as { pid: number; submitted: string };
    expect(pid === process.pid).toBe(type === 'in_thread');
    expect(await bench.queries.findByTaskId(submitted)).toMatchObject({ payload: { from: 'a cell' } });
  });

  it('has its last progress and its error recorded', async () => {
    expect(await ended(await run(type, 'fail'))).toMatchObject({
      status: 'failed',
      errorCode: 'handler_error',
      errorMessage: 'TypeError: a NUL � and half a pair �',
      progress: { done: 100_000 },
    });
  });

  it('that loops for ever is ended at its timeout', async () => {
    const taskId = await run(type, 'loop', { timeout: '200ms' });

    expect(await ended(taskId)).toMatchObject({ status: 'failed', errorCode: 'timeout', crashCount: 0 });
  });
});

describe('a cancel', SLOW_TEST, () => {
  it('is heard in a process, and what is thrown then is the cancel', async () => {
    const taskId = await run('in_process', 'stopWhenAsked');
    await waits(taskId);
    await bench.control.cancel(taskId);

    expect(await ended(taskId)).toMatchObject({ status: 'cancelled', progress: 'TaskCancelled' });
  });

  it('is heard in a thread, and what is returned all the same is a success', async () => {
    const taskId = await run('in_thread', 'returnWhenAsked');
    await waits(taskId);
    await bench.control.cancel(taskId);

    expect(await ended(taskId)).toMatchObject({ status: 'success', result: 'TaskCancelled' });
  });

  it('that is not listened to ends the process after the grace', async () => {
    const taskId = await run('in_process', 'neverStop');
    await waits(taskId);
    await bench.control.cancel(taskId);

    expect(await ended(taskId)).toMatchObject({ status: 'cancelled', crashCount: 0 });
  });
});

describe('attempts that are cancelled before their cells are ready', SLOW_TEST, () => {
  it.each(['in_small_process', 'in_small_thread'])('leave room for the next ones, %s', async (type) => {
    for (let cells = 0; cells < 3; cells += 1) {
      const taskId = await run(type, 'stand');
      await bench.rowWhen(taskId, ({ status }) => status === 'processing', PATIENCE_MS);
      await bench.control.cancel(taskId);
      expect(await ended(taskId)).toMatchObject({ status: 'cancelled', attempt: 1 });
    }

    expect(await ended(await run(type, 'stand'))).toMatchObject({ status: 'success', attempt: 1 });
  });
});

describe('a handler that takes its cell down', SLOW_TEST, () => {
  it('has crashed, is tried again at once, and fails the third time', async () => {
    const row = await ended(await run('in_process', 'exit', { maxRetry: 5 }));

    expect(row).toMatchObject({ status: 'failed', errorCode: 'worker_crashed', attempt: 3, crashCount: 3 });
    expect(row).toMatchObject({ retryCount: 0, errorMessage: 'The isolated process ended with exit code 0' });
    const history = await bench.store.attempts.ofTask(row.taskId);
    expect(history.map(({ outcome, errorCode }) => [outcome, errorCode])).toEqual(
      Array.from({ length: 3 }, () => ['lost', 'worker_crashed']),
    );
  });

  it.each<[string, Trick, string]>([
    ['in_process', 'kill', 'The isolated process was ended by SIGKILL'],
    ['in_small_process', 'memory', 'The isolated process ran out of memory (its limit is 96 MiB)'],
    ['in_small_thread', 'memory', 'The isolated thread ran out of memory (its limit is 96 MiB)'],
    ['in_process', 'flood', 'The isolated process was ended: it sent what is no message, or one that is too large'],
    ['in_thread', 'throwLate', 'The isolated thread ended with exit code 1'],
  ])('%s, is recorded with how it did: %s', async (type, how, errorMessage) => {
    const taskId = await run(type, how);
    const row = await bench.rowWhen(taskId, ({ crashCount }) => crashCount === 1, PATIENCE_MS);
    await bench.control.cancel(taskId);

    expect(row).toMatchObject({ errorCode: 'worker_crashed', errorMessage });
    await ended(taskId);
  });
});

describe('isolated tasks beyond the bound', SLOW_TEST, () => {
  it('wait without a slot and without an attempt, while ordinary ones pass by', async () => {
    const deaf = await Promise.all(Array.from({ length: 12 }, () => run('in_process', 'neverStop')));
    await ended(await run('plain', 'stand'));

    expect((await worker.worker.stats()).workers.isolated).toBeLessThanOrEqual(2);
    const rows = await bench.queries.findByTaskIds(deaf);
    expect(rows.filter(({ status }) => status === 'processing').length).toBeLessThanOrEqual(2);
    expect(rows.filter(({ status, attempt }) => status === 'pending' && attempt === 0).length).toBeGreaterThanOrEqual(
      10,
    );
    await Promise.all(deaf.map((taskId) => bench.control.cancel(taskId)));
    for (const taskId of deaf) expect(await ended(taskId)).toMatchObject({ status: 'cancelled' });
  });
});

it('an entry of an isolated type that is cut off after a good head keeps no place', SLOW_TEST, async () => {
  const redis = new Redis(bench.redisUrl);
  await redis.lpush(`${bench.prefix}:tasks`, '{"id":"cut-off","attempt":0,"name":"in_process","payload":{"a');
  redis.disconnect();

  await eventually(async () => {
    expect(await bench.queues.of('default').depth()).toMatchObject({ bad: 1, processing: 0 });
    expect((await worker.worker.stats()).workers).toMatchObject({ isolated: 0, running: 0 });
  }, PATIENCE_MS);
});
