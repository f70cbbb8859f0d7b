import { migrate } from '@millrace/store';
import { ApiClient, eventually, testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Platform } from './platform';

const NO_TASKS = { pending: 0, processing: 0, success: 0, failed: 0, cancelled: 0 };

/** The main path through real processes: submit, queue, run, record, query. */
describe('a task through api, worker and scheduler processes', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let platform: Platform;
  let api: ApiClient;

  beforeAll(async () => {
    database = await testDatabase();
    redis = await testRedis();
    await migrate(database.url);
    platform = await Platform.start({
      databaseUrl: database.url,
      redisUrl: redis.url,
      prefix: redis.prefix,
      // Long, so that what runs in time was woken and not polled.
      env: { QUEUE_POLL_INTERVAL: '10m' },
    });
    api = new ApiClient(platform.api.url);
  });

  afterAll(async () => {
    await platform?.stop();
    await redis?.close();
    await database?.drop();
  });

  const finished = (taskId: string) =>
    eventually(async () => {
      const task = await api.task(taskId);
      expect(['success', 'failed', 'cancelled']).toContain(task.status);
      return task;
    }, 30_000);

  it('runs what REST submits, and every query shows it', async () => {
    const submitted = await api.submit({ type: 'noop', payload: { sleep: 1 }, user_id: 'ada' });

    const task = await finished(submitted.task_id);

    expect(task).toMatchObject({ status: 'success', attempt: 1, retry_count: 0, error_code: null });
    expect((await api.call('GET', `/tasks/${task.id}`)).body).toEqual(task);
    const list = await api.call<{ items: unknown[]; total: number }>('GET', '/tasks?status=success&user_id=ada');
    expect(list.body).toMatchObject({ total: 1, items: [{ task_id: task.task_id }] });
    expect(await api.stats('?user_id=ada')).toMatchObject({ success: 1, total: 1 });
    const attempts = await api.call<{ items: unknown[] }>('GET', `/tasks/task/${task.task_id}/attempts`);
    expect(attempts.body.items).toMatchObject([{ attempt: 1, outcome: 'succeeded' }]);
  });

  it('runs and records an entry that any program pushes with LPUSH', async () => {
    await redis.redis.lpush(
      `${redis.prefix}:tasks`,
      JSON.stringify({ id: 'raw-1', name: 'noop', payload: {}, max_retry: 3 }),
    );

    expect(await finished('raw-1')).toMatchObject({ status: 'success', type: 'noop' });
  });

  it('runs an entry that any program adds with ZADD when it is due, not at the next poll', async () => {
    const dueAt = Date.now() + 700;
    await redis.redis.zadd(
      `${redis.prefix}:delayed_tasks`,
      String(dueAt),
      JSON.stringify({ id: 'raw-2', name: 'noop', payload: {} }),
    );

    const task = await finished('raw-2');

    expect(task.status).toBe('success');
    expect(Date.parse(task.started_at ?? '')).toBeGreaterThanOrEqual(dueAt - 100);
  });

  it('survives entries that are no tasks', async () => {
    await redis.redis.lpush(
      `${redis.prefix}:tasks`,
      'not json',
      '[]',
      'null',
      '5',
      '{"id":"a b","name":"noop"}',
      '{"id":"x"}',
    );
    const after = await api.submit({ type: 'noop', payload: {} });

    expect(await finished(after.task_id)).toMatchObject({ status: 'success' });
    expect(await redis.redis.llen(`${redis.prefix}:bad`)).toBe(6);
  });

  it('retries a failing task and keeps the history of its attempts', async () => {
    const submitted = await api.submit({ type: 'noop', payload: { fail: 2 }, max_retry: 3, retry_delay: '10ms' });

    const task = await finished(submitted.task_id);

    expect(task).toMatchObject({ status: 'success', attempt: 3, retry_count: 2 });
    const attempts = await api.call<{ items: { outcome: string }[] }>('GET', `/tasks/task/${task.task_id}/attempts`);
    expect(attempts.body.items.map((attempt) => attempt.outcome).sort()).toEqual(['failed', 'failed', 'succeeded']);
  });

  it('aborts a running task through its signal when it is cancelled over REST', async () => {
    const submitted = await api.submit({ type: 'noop', payload: { sleep: '10m' } });
    await eventually(async () => expect((await api.task(submitted.task_id)).status).toBe('processing'));

    const answer = await api.call('POST', `/tasks/task/${submitted.task_id}/cancel`);

    expect(answer.status).toBe(202);
    expect(await finished(submitted.task_id)).toMatchObject({ status: 'cancelled', attempt: 1 });
  });

  it('runs a cancelled task again when it is retried', async () => {
    const submitted = await api.submit({ type: 'noop', payload: {}, delay: '1h' });
    expect((await api.call('POST', `/tasks/task/${submitted.task_id}/cancel`)).status).toBe(200);
    expect((await api.call('POST', `/tasks/task/${submitted.task_id}/retry`)).status).toBe(200);

    expect(await finished(submitted.task_id)).toMatchObject({ id: submitted.id, status: 'success' });
  });

  it('runs urgent tasks before the others', async () => {
    const worker = platform.workers[0];
    await worker?.kill('SIGSTOP');
    await api.submitBulk(
      Array.from({ length: 50 }, (_, n) => ({ type: 'noop', task_id: `low-${n}`, payload: { sleep: 20 } })),
    );
    await api.submitBulk([{ type: 'noop', task_id: 'urgent', priority: 9, payload: {} }]);
    await worker?.kill('SIGCONT');

    const urgent = await finished('urgent');
    const last = await finished('low-49');

    expect(Date.parse(urgent.started_at ?? '')).toBeLessThan(Date.parse(last.started_at ?? ''));
  });

  it.each(['%zz', '%ff', '%'])('refuses %s in an address, which stands for no text', async (escaped) => {
    const { status, body } = await api.call('GET', `/tasks?q=${escaped}`);

    expect([status, JSON.stringify(body)]).toEqual([400, expect.stringContaining('malformed percent-escape')]);
  });

  it('counts the same over REST and in SQL', async () => {
    const psql = new Client({ connectionString: database.url });
    await psql.connect();
    const countInSql = async () => {
      const { rows } = await psql.query<{ status: string; count: number }>(
        'SELECT status, count(*)::integer AS count FROM tasks GROUP BY 1',
      );
      return { ...NO_TASKS, ...Object.fromEntries(rows.map(({ status, count }) => [status, count])) };
    };
    // The scheduler may submit between the two, at the full hour.
    await eventually(async () => {
      const { total, ...byStatus } = await api.stats();
      const counted = await countInSql();
      expect(counted).toEqual(byStatus);
      expect(Object.values(counted).reduce((sum, count) => sum + count, 0)).toBe(total);
    });
    await psql.end();
  });

  it('ends every process with exit code 0 on SIGTERM', async () => {
    await platform.stop();

    for (const service of platform.services) expect([service.name, await service.exited()]).toEqual([service.name, 0]);
  });
});
