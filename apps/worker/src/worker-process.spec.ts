import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store, TaskRow } from '@millrace/store';
import type { TaskSubmitter } from '@millrace/tasks';
import {
  eventually,
  freePort,
  ownPostgres,
  ServiceProcess,
  type TestDatabase,
  type TestRedis,
} from '@millrace/testing';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { openStores, withStores } from '../../../libs/tasks/src/stores.fixture';

/** The worker as it is deployed: the built file, in a process of its own. */
describe('a worker process', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let store: Store;
  let submitter: TaskSubmitter;
  const processes: ServiceProcess[] = [];

  withStores((opened) => ({ database, redis, store, submitter } = opened));

  afterEach(async () => {
    for (const worker of processes.splice(0)) if (worker.running) await worker.kill('SIGKILL');
  });

  async function startWorker(env: Readonly<Record<string, string>> = {}): Promise<ServiceProcess> {
    const port = await freePort(0);
    const worker = await ServiceProcess.start('worker', port, {
      DATABASE_URL: database.url,
      REDIS_URL: redis.url,
      QUEUE_REDIS_PREFIX: redis.prefix,
      WORKER_PORT: String(port),
      ...env,
    });
    processes.push(worker);
    return worker;
  }

  function rowWhen(taskId: string, condition: (row: TaskRow) => boolean): Promise<TaskRow> {
    return eventually(async () => {
      const row = await store.queries.findByTaskId(taskId);
      if (!row || !condition(row)) throw new Error(`not yet: ${row?.status ?? 'no row'}`);
      return row;
    }, 20_000);
  }

  it('runs tasks, tells what it did, and ends with 0 when it is told to', async () => {
    const worker = await startWorker();
    const { taskId } = await submitter.submit('noop', {});
    await rowWhen(taskId, ({ status }) => status === 'success');

    const stats = (await (await fetch(`${worker.url}/stats`)).json()) as Record<string, unknown>;
    expect(stats).toMatchObject({
      enabled: true,
      workers: { running: 0, free: 10, total: 10, leaked: 0 },
      queues: { default: { ready: 0, delayed: 0 } },
      redis_eviction_policy: 'noeviction',
      retry_policy: { max_retry: 3, retry_delay: 5_000 },
      totals: { claimed: 1, started: 1, succeeded: 1, failed: 0 },
    });
    await eventually(async () => {
      const { loops } = (await (await fetch(`${worker.url}/stats`)).json()) as {
        loops: { name: string; runs: number }[];
      };
      const turning = loops.filter(({ runs }) => runs > 0).map(({ name }) => name);
      expect(turning.sort()).toEqual(
        [
          ...['claim', 'promote default', 'renew-leases', 'renewal-thread', 'watch-cancels', 'beat', 'find-strays'],
          ...['check-eviction', 'replay-outcomes', 'spill-outcomes'],
        ].sort(),
      );
    }, 20_000);
    const metrics = await (await fetch(`${worker.url}/metrics`)).text();
    expect(metrics).toMatch(/millrace_loop_age_seconds\{loop="claim"\} \d/);
    expect(metrics).toContain('millrace_tasks_finished_total{queue="default",type="noop",outcome="success"} 1');
    expect(metrics).not.toContain(taskId);
    expect(await worker.kill('SIGTERM')).toBe(0);
  });

  it('finishes short tasks and hands long ones back when it is told to stop', async () => {
    const worker = await startWorker({ SHUTDOWN_TIMEOUT: '3s' });
    const short = await submitter.submit('noop', { sleep: '1s' });
    const long = await submitter.submit('noop', { sleep: '1h' }, { maxRetry: 0 });
    await rowWhen(long.taskId, ({ status }) => status === 'processing');
    await rowWhen(short.taskId, ({ status }) => status === 'processing');

    expect(await worker.kill('SIGTERM')).toBe(0);

    expect(await store.queries.findByTaskId(short.taskId)).toMatchObject({ status: 'success', attempt: 1 });
    expect(await store.queries.findByTaskId(long.taskId)).toMatchObject({
      status: 'pending',
      attempt: 1,
      crashCount: 0,
    });
    expect(await store.workers.live(60_000)).toEqual([]);
    await store.tasks.cancelIfPending(long.taskId);
  });

  it('saves what it did when PostgreSQL is away as it ends, and the next one records it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-spill-'));
    const postgres = await ownPostgres({ settings: { synchronous_commit: 'on' } });
    onTestFinished(async () => {
      await postgres.close();
      await rm(folder, { recursive: true, force: true });
    });
    const own = await openStores({ databaseUrl: postgres.url, redisUrl: redis.url, prefix: redis.prefix });
    onTestFinished(() => own.close());
    const queue = { queue: 'ended' };
    const env = { DATABASE_URL: postgres.url, WORKER_SPILL_FOLDER: folder, QUEUE_QUEUES: queue.queue };
    const worker = await startWorker(env);
    const { taskId } = await own.submitter.submit('noop', { sleep: '2s' }, queue);
    await eventually(async () => {
      expect(await own.store.queries.findByTaskId(taskId)).toMatchObject({ status: 'processing' });
    }, 20_000);

    await postgres.kill('SIGKILL');
    expect(await worker.kill('SIGTERM')).toBe(0);
    expect(await readdir(folder)).toHaveLength(1);
    await postgres.restart();
    const next = await startWorker(env);

    await eventually(async () => {
      expect(await own.store.queries.findByTaskId(taskId)).toMatchObject({
        status: 'success',
        attempt: 1,
        crashCount: 0,
      });
    }, 20_000);
    await eventually(async () => expect(await readdir(folder)).toEqual([]));
    expect(await next.kill('SIGTERM')).toBe(0);
  }, 90_000);

  it('serves only the built-in types it is told to, and waits when it may not consume', async () => {
    const picky = await startWorker({ WORKER_BUILTIN_TYPES: 'noop,queue_inspection' });
    const [row] = await eventually(async () => {
      const live = await store.workers.live(60_000);
      if (live.length === 0) throw new Error('not registered yet');
      return live;
    });
    expect(row?.types.map(({ type }) => type)).toEqual(['noop', 'queue_inspection']);
    await picky.kill('SIGTERM');

    const idle = await startWorker({ QUEUE_ENABLED: 'false' });
    const { taskId } = await submitter.submit('queue_inspection', {});
    expect(await (await fetch(`${idle.url}/stats`)).json()).toMatchObject({ enabled: false, totals: { claimed: 0 } });
    expect((await store.queries.findByTaskId(taskId))?.status).toBe('pending');
    expect(await idle.kill('SIGTERM')).toBe(0);
    await store.tasks.cancelIfPending(taskId);
  });

  it('reports the health of everything as the result of a queue_inspection', async () => {
    await startWorker();
    await submitter.submit('no_such_type', {});
    const { taskId } = await submitter.submit('queue_inspection', {});

    const { result } = await rowWhen(taskId, ({ status }) => status === 'success');
    expect(result).toMatchObject({
      tasks: { processing: 1 },
      queues: [{ queue: 'default', workers: 1 }],
      unroutable: [{ type: 'no_such_type', pending: 1 }],
    });
    expect((result as { summary: string }).summary).toMatch(/1 worker with 10 slots/);
  });

  it('says everything that is wrong with its configuration, and ends with 1', async () => {
    const bad = startWorker({ QUEUE_WORKERS: '0', QUEUE_QUEUES: 'a b', WORKER_BUILTIN_TYPES: 'nope' });

    await expect(bad).rejects.toThrow(/QUEUE_WORKERS(.|\n)*QUEUE_QUEUES|QUEUE_QUEUES(.|\n)*QUEUE_WORKERS/);
    await expect(bad).rejects.toThrow(/WORKER_BUILTIN_TYPES/);
  });
});
