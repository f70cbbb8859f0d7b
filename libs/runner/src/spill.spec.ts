import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Metrics } from '@millrace/runtime';
import { dispatchOf } from '@millrace/tasks';
import { eventually, ownPostgres, ownRedis, signal, type OwnPostgres, type OwnRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutcomeReplay } from './outcome-replay';
import { SpillFolder } from './spill-folder';
import type { SpilledOutcome } from './spilled-outcome';
import { Tally } from './tally';
import { handlerOf, openWorkbench, type Workbench } from './worker.fixture';

/** Longer than any lease of this file, and less than outcomes on disk keep their tasks. */
const MINUTES_MS = 200_000;

/** What a worker does with its outcomes when it must end while PostgreSQL is away. Both servers belong to this file. */
describe('a worker that has to end while PostgreSQL is away', () => {
  let bench: Workbench;
  let redis: OwnRedis;
  let postgres: OwnPostgres;
  let folder: string;

  beforeAll(async () => {
    const settings = { synchronous_commit: 'on' };
    [redis, postgres] = await Promise.all([ownRedis(), ownPostgres({ settings })]);
    folder = await mkdtemp(join(tmpdir(), 'millrace-spill-'));
    bench = await openWorkbench({
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      prefix: 'spill',
      close: async () => {
        await redis.close();
        await postgres.close();
        await rm(folder, { recursive: true, force: true });
      },
    });
  });

  afterAll(() => bench.close());

  /** Lets a first attempt end and its worker after it, while PostgreSQL is down; it is up again afterwards. */
  async function endWithoutDatabase(queue: string, act: () => unknown) {
    const started = signal();
    const finish = signal();
    const starts: number[] = [];
    const handlers = [
      handlerOf('spills', async (_payload, { attempt }) => {
        starts.push(attempt);
        if (attempt > 1) return `attempt ${attempt}`;
        started.fire();
        await finish.wait(20_000);
        return act();
      }),
    ];
    const settings = { queues: new Map([[queue, 1]]), leaseMs: 1_000 };
    const worker = await bench.startWorker(handlers, { ...settings, spillFolder: folder });
    const { taskId } = await bench.submitter.submit('spills', {}, { queue });
    await started.wait();

    await postgres.kill('SIGKILL');
    finish.fire();
    await worker.stop();
    await postgres.restart();

    const startNext = (spillFolder: string | null) => bench.startWorker(handlers, { ...settings, spillFolder });
    return { workerId: worker.worker.id, taskId, starts, startNext };
  }

  it('saves the outcome, keeps its task from others, and the next worker records it', async () => {
    const { workerId, taskId, starts, startNext } = await endWithoutDatabase('saved', () => ({ saved: 'result' }));

    const queue = bench.queues.of('saved');
    expect(await readdir(folder)).toEqual([expect.stringMatching(/\.spill$/)]);
    expect(await queue.depth()).toMatchObject({ processing: 1 });
    expect(await queue.repair.expired({ graceMs: -MINUTES_MS, limit: 10 })).toEqual([]);
    expect(await queue.repair.leased([taskId])).toEqual([taskId]);
    const next = await startNext(folder);

    expect(await bench.rowWhen(taskId, undefined, 20_000)).toMatchObject({
      status: 'success',
      result: { saved: 'result' },
      attempt: 1,
      workerId,
    });
    await eventually(async () => expect(await queue.depth()).toMatchObject({ processing: 0 }));
    await eventually(async () => expect(await readdir(folder)).toEqual([]));
    expect(starts).toEqual([1]);
    await next.stop();
  });

  it('has its failure retried by whoever replays it', async () => {
    const { taskId, starts, startNext } = await endWithoutDatabase('retried', () => {
      throw new Error('at the first attempt');
    });

    const next = await startNext(folder);

    expect(await bench.rowWhen(taskId, undefined, 20_000)).toMatchObject({
      status: 'success',
      result: 'attempt 2',
      attempt: 2,
      retryCount: 1,
    });
    expect(starts).toEqual([1, 2]);
    await next.stop();
  });

  it('changes nothing any more when its task has gone to another attempt', async () => {
    const { workerId, taskId, startNext } = await endWithoutDatabase('overtaken', () => 'late');
    const queue = bench.queues.of('overtaken');
    const row = await eventually(() => bench.queries.findByTaskId(taskId), 20_000);
    await eventually(() => bench.store.tasks.rescueIfProcessing([{ taskId, attempt: 1, workerId, crashLimit: 3 }]));
    if (!row) throw new Error('no row');
    await queue.enqueue([dispatchOf({ ...row, attempt: 1 })]);
    const second = await startNext(null);
    await bench.rowWhen(taskId, undefined, 20_000);

    const next = await startNext(folder);
    await eventually(async () => expect(await readdir(folder)).toEqual([]), 20_000);

    expect(await bench.queries.findByTaskId(taskId)).toMatchObject({ status: 'success', result: 'attempt 2' });
    const attempts = await bench.store.attempts.ofTask(taskId);
    expect(attempts).toContainEqual(expect.objectContaining({ attempt: 1, outcome: 'superseded' }));
    await second.stop();
    await next.stop();
  });

  it('is not waited for: outcomes go to disk while the worker lives, more than its memory takes', async () => {
    const finish = signal();
    const starts: string[] = [];
    const started = signal();
    const handler = handlerOf('ends_in_outage', async (_payload, { task }) => {
      if (starts.push(task.taskId) === 6) started.fire();
      await finish.wait(30_000);
      return 'ended in the outage';
    });
    const worker = await bench.startWorker([handler], {
      queues: new Map([['running', 1]]),
      workers: 6,
      leaseMs: 1_000,
      outcomeBuffer: 2,
      spillFolder: folder,
    });
    const taskIds: string[] = [];
    for (let count = 0; count < 6; count += 1) {
      taskIds.push((await bench.submitter.submit('ends_in_outage', {}, { queue: 'running' })).taskId);
    }
    await started.wait();

    await postgres.kill('SIGKILL');
    finish.fire();
    const queue = bench.queues.of('running');
    await eventually(async () => expect((await worker.worker.stats()).workers.running).toBe(0), 30_000);
    await eventually(
      async () => expect(await queue.repair.expired({ graceMs: -MINUTES_MS, limit: 10 })).toEqual([]),
      30_000,
    );
    expect(await queue.depth()).toMatchObject({ processing: 6 });
    await postgres.restart();

    for (const taskId of taskIds) {
      expect(await bench.rowWhen(taskId, undefined, 30_000)).toMatchObject({ status: 'success', attempt: 1 });
    }
    await eventually(async () => expect(await queue.depth()).toMatchObject({ processing: 0 }), 20_000);
    await eventually(async () => expect(await readdir(folder)).toEqual([]));
    expect(starts.sort()).toEqual(taskIds.sort());
    expect((await worker.worker.stats()).totals).toMatchObject({ succeeded: 6, superseded: 0 });
    await worker.stop();
  });

  it('leaves alone what belongs to another database, although its numbers are the same', async () => {
    const held = signal();
    const worker = await bench.startWorker([handlerOf('foreign', () => held.wait(60_000))], {
      queues: new Map([['foreign', 1]]),
    });
    const { taskId } = await bench.submitter.submit('foreign', {}, { queue: 'foreign' });
    const { id, attempt } = await bench.rowWhen(taskId, ({ status }) => status === 'processing', 20_000);
    const foreign: SpilledOutcome = {
      queue: 'foreign',
      token: 'theirs',
      record: {
        ...{ id, attempt, taskId: 'theirs', workerId: 'theirs', outcome: 'succeeded', status: 'success' },
        ...{ resultJson: '"theirs"', errorMessage: null, errorCode: null, retryCount: 0, crashCount: 0, delayMs: null },
      },
    };
    const spill = new SpillFolder({ folder, limitBytes: 1_000_000, workerId: 'theirs' });
    await spill.write([foreign]);
    const replay = new OutcomeReplay({
      ...{ folder: spill, tasks: bench.store.tasks, queries: bench.queries, queues: bench.queues },
      tally: new Tally(new Metrics()),
    });

    expect(await replay.runOnce()).toBe(0);
    expect(await replay.runOnce()).toBe(0);

    expect(await bench.queries.findByTaskId(taskId)).toMatchObject({ status: 'processing' });
    expect(await readdir(folder)).toEqual([expect.stringMatching(/\.spill$/)]);
    held.fire();
    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', result: null });
    await worker.stop();
  });
});
