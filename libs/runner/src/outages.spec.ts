import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, ownPostgres, ownRedis, signal, type OwnPostgres, type OwnRedis } from '@millrace/testing';
import { handlerOf, openWorkbench, type Workbench } from './worker.fixture';

/** What stores that fail, forget or come back do to running tasks: nothing. Both servers belong to this file. */
describe('a worker whose stores fail', () => {
  let bench: Workbench;
  let redis: OwnRedis;
  let postgres: OwnPostgres;

  beforeAll(async () => {
    // What was committed must survive the kill of the server, as it does anywhere but in specs.
    const settings = { synchronous_commit: 'on' };
    [redis, postgres] = await Promise.all([ownRedis(), ownPostgres({ settings })]);
    bench = await openWorkbench({
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      prefix: 'outage',
      close: async () => {
        await redis.close();
        await postgres.close();
      },
    });
  });

  afterAll(() => bench.close());

  /** A worker with one task that runs until told to finish. */
  async function running(queue: string) {
    const finish = signal();
    const starts: number[] = [];
    const worker = await bench.startWorker(
      [
        handlerOf('held', async (_payload, { attempt }) => {
          starts.push(attempt);
          await finish.wait(60_000);
          return 'finished';
        }),
        handlerOf('quick', () => 'quick'),
      ],
      { queues: new Map([[queue, 1]]), leaseMs: 1_000 },
    );
    const { taskId } = await bench.submitter.submit('held', {}, { queue });
    await bench.rowWhen(taskId, ({ status }) => status === 'processing');
    return { worker, taskId, finish, starts };
  }

  it('keeps its hold when Redis forgets everything', async () => {
    const { worker, taskId, finish, starts } = await running('forgotten');

    await redis.redis.flushall();

    const queue = bench.queues.of('forgotten');
    await eventually(async () => expect((await queue.depth()).processing).toBe(1));
    finish.fire();
    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', attempt: 1 });
    await eventually(async () => expect((await queue.depth()).processing).toBe(0));
    expect(starts).toEqual([1]);
    await worker.stop();
  });

  it('goes on through a restart of Redis, and takes tasks again after it', async () => {
    const { worker, taskId, finish, starts } = await running('restarted');

    await redis.restart();
    finish.fire();

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', attempt: 1 });
    const next = await eventually(async () => {
      const submitted = await bench.submitter.submit('quick', {}, { queue: 'restarted' });
      if (!submitted.dispatched) throw new Error('Redis is not back yet');
      return submitted;
    }, 20_000);
    expect(await bench.rowWhen(next.taskId, undefined, 20_000)).toMatchObject({ status: 'success' });
    expect(starts).toEqual([1]);
    await worker.stop();
  });

  it('keeps an outcome that PostgreSQL could not take until it can', async () => {
    const { worker, taskId, finish, starts } = await running('unrecorded_outcome');

    await postgres.kill('SIGKILL');
    finish.fire();
    await postgres.restart();

    expect(await bench.rowWhen(taskId, undefined, 30_000)).toMatchObject({ status: 'success', attempt: 1 });
    expect(starts).toEqual([1]);
    const { taskId: next } = await bench.submitter.submit('quick', {}, { queue: 'unrecorded_outcome' });
    expect(await bench.rowWhen(next, undefined, 20_000)).toMatchObject({ status: 'success' });
    await worker.stop();
  });

  it('gives claimed tasks back that PostgreSQL does not start within seconds, and takes them again when it does', async () => {
    const worker = await bench.startWorker([handlerOf('waits', () => 'ran')], {
      queues: new Map([['waits', 1]]),
      leaseMs: 10_000,
    });
    const { id } = await bench.client.submitIn('1s', 'waits', {}, { queue: 'waits' });

    await postgres.kill('SIGKILL');
    const queue = bench.queues.of('waits');
    await eventually(async () => expect(await queue.depth()).toMatchObject({ processing: 1 }), 20_000);
    await eventually(async () => expect(await queue.depth()).toMatchObject({ processing: 0, ready: 1 }), 60_000);
    await postgres.restart();

    expect(await bench.rowWhen(id, undefined, 30_000)).toMatchObject({ status: 'success', attempt: 1 });
    await worker.stop();
  });
});
