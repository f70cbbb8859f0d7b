import { migrate, Store } from '@millrace/store';
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskPageView, TaskStatsView } from './tasks/list.views';
import type { SubmittedTaskView, TaskView } from './tasks/task.view';
import { startApi, type Answer, type CallOptions, type RunningApi } from './testing/start-api';

let database: TestDatabase;
let redis: TestRedis;
let api: RunningApi;
let store: Store;

beforeAll(async () => {
  [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  await migrate(database.url);
  api = await startApi({ DATABASE_URL: database.url, REDIS_URL: redis.url, QUEUE_REDIS_PREFIX: redis.prefix });
  store = api.app.get(Store);
});

afterAll(async () => {
  await api.close();
  await Promise.all([database.drop(), redis.close()]);
});

const get = (path: string, options?: CallOptions) => api.call('GET', path, options);
const post = (path: string, body?: unknown, headers: Record<string, string> = {}) =>
  api.call('POST', path, { body, headers });

let users = 0;
/** A user nobody else has, so that a test sees its own tasks alone. */
const newUser = () => `user-${(users += 1)}`;

async function submit(body: Record<string, unknown> = {}): Promise<SubmittedTaskView> {
  const answer = await post('tasks', { type: 'noop', payload: {}, ...body });
  expect(answer.status, answer.text).toBe(201);
  return answer.json<SubmittedTaskView>();
}

/** Brings a task to an end as a worker would. */
async function finish(task: TaskView, status: 'success' | 'failed'): Promise<void> {
  const [start] = await store.tasks.startMany([{ taskId: task.task_id, attempt: task.attempt }], 'worker-1');
  if (start?.kind !== 'started') throw new Error(`not started: ${start?.kind}`);
  await store.tasks.recordOutcomes([
    {
      id: task.id,
      taskId: task.task_id,
      attempt: start.task.attempt,
      workerId: 'worker-1',
      outcome: status === 'success' ? 'succeeded' : 'failed',
      status,
      resultJson: status === 'success' ? '{"done":true}' : null,
      errorMessage: status === 'failed' ? 'it broke' : null,
      errorCode: status === 'failed' ? 'handler_error' : null,
      retryCount: 0,
      crashCount: 0,
      delayMs: null,
    },
  ]);
}

function fieldsOf(answer: Answer): string[] {
  return (answer.json<{ errors?: { field: string }[] }>().errors ?? []).map(({ field }) => field);
}

describe('POST /tasks', () => {
  it('records a task with its defaults and says where it is', async () => {
    const answer = await post('tasks', { type: 'send_email', payload: { to: 'a@b.c', deep: [1, null, 'ü'] } });
    expect(answer.status).toBe(201);
    const task = answer.json<SubmittedTaskView>();
    expect(answer.headers.location).toBe(`/api/v1/tasks/task/${task.task_id}`);
    expect(answer.headers['x-dispatch']).toBeUndefined();
    expect(task).toMatchObject({
      type: 'send_email',
      queue: 'default',
      status: 'pending',
      priority: 0,
      payload: { to: 'a@b.c', deep: [1, null, 'ü'] },
      retry_count: 0,
      max_retry: 3,
      retry_delay: 5_000,
      backoff: null,
      timeout: null,
      attempt: 0,
      created: true,
    });
    expect(typeof task.id).toBe('number');
    expect(await redis.redis.lrange(`${redis.prefix}:tasks`, 0, 0)).toEqual([expect.stringContaining(task.task_id)]);
  });

  it('takes every option and shows it under the same name', async () => {
    const task = await submit({
      task_id: 'order:4711',
      queue: 'mail',
      priority: 7,
      delay: '1h30m',
      expires_at: '2031-01-31T14:00:00+02:00',
      max_retry: 0,
      retry_delay: '500ms',
      backoff: { type: 'fixed', max: '10m', jitter: 0.5 },
      timeout: 90_000,
      user_id: 'ada',
      unique: { key: 'order-4711', for: '2h' },
    });
    expect(task).toMatchObject({
      task_id: 'order:4711',
      queue: 'mail',
      priority: 7,
      expires_at: '2031-01-31T12:00:00.000Z',
      max_retry: 0,
      retry_delay: 500,
      backoff: { type: 'fixed', max: 600_000, jitter: 0.5 },
      timeout: 90_000,
      user_id: 'ada',
      unique_key: 'order-4711',
    });
    expect(Date.parse(task.run_at) - Date.parse(task.created_at)).toBe(5_400_000);
    expect((await get('tasks/task/order:4711')).json()).toMatchObject({ id: task.id, backoff: task.backoff });
  });

  it('answers 409 for a task_id that is taken', async () => {
    const { task_id } = await submit();
    const answer = await post('tasks', { type: 'noop', payload: 1, task_id });
    expect(answer.status).toBe(409);
    expect(answer.json()).toMatchObject({ type: 'urn:millrace:problem:task-id-taken' });
  });

  it('answers 200 and the task that holds the unique key', async () => {
    const unique = { key: 'report', for: 'unfinished' };
    const first = await submit({ unique });
    const answer = await post('tasks', { type: 'noop', payload: {}, unique });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ task_id: first.task_id, created: false });

    await finish(first, 'success');
    expect((await submit({ unique })).task_id).not.toBe(first.task_id);
  });

  it('keeps a payload of any JSON kind', async () => {
    for (const payload of [null, true, 0, -0.5, 'text', [], {}, [[[]]], { '': { ' ': 'a\u2028b' } }]) {
      const { task_id } = await submit({ payload });
      expect((await get(`tasks/task/${task_id}`)).json()).toMatchObject({ payload });
    }
  });

  it('refuses a payload beyond its limit and names it', async () => {
    const answer = await post('tasks', { type: 'noop', payload: 'x'.repeat(256 * 1024) });
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual(['payload']);
  });
});

describe('Idempotency-Key', () => {
  it('answers the same request the same way and records it once', async () => {
    const user_id = newUser();
    const headers = { 'idempotency-key': 'k-1' };
    const first = await post('tasks', { type: 'noop', payload: { a: 1, b: 2 }, user_id }, headers);
    const again = await post('tasks', { user_id, payload: { b: 2, a: 1 }, type: 'noop' }, headers);

    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.json()).toEqual(first.json());
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.headers.location).toBe(first.headers.location);
    expect((await get(`tasks/stats?user_id=${user_id}`)).json()).toMatchObject({ total: 1 });
  });

  it('lets one of many at the same time do the work', async () => {
    const user_id = newUser();
    const body = { type: 'noop', payload: {}, user_id };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post('tasks', body, { 'idempotency-key': 'k-many' })),
    );
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect((await get(`tasks/stats?user_id=${user_id}`)).json()).toMatchObject({ total: 1 });
  });

  it('answers 422 for another request under the same key', async () => {
    const headers = { 'idempotency-key': 'k-2' };
    await post('tasks', { type: 'noop', payload: 1 }, headers);
    expect((await post('tasks', { type: 'noop', payload: 2 }, headers)).status).toBe(422);
    expect((await post('tasks/bulk', { tasks: [{ type: 'noop', payload: 1 }] }, headers)).status).toBe(422);
  });

  it('keeps nothing of a request that failed', async () => {
    const headers = { 'idempotency-key': 'k-3' };
    const { task_id } = await submit();
    expect((await post('tasks', { type: 'noop', payload: 1, task_id }, headers)).status).toBe(409);
    expect((await post('tasks', { type: 'noop', payload: 1 }, headers)).status).toBe(201);
  });

  it.each(['', 'a b', 'ü', 'x'.repeat(256)])('refuses the key %j', async (key) => {
    const answer = await post('tasks', { type: 'noop', payload: 1 }, { 'idempotency-key': key });
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual(['Idempotency-Key']);
  });

  it('covers a bulk submit as well', async () => {
    const user_id = newUser();
    const body = { tasks: [{ type: 'noop', payload: 1, user_id }] };
    const first = await post('tasks/bulk', body, { 'idempotency-key': 'k-bulk' });
    const again = await post('tasks/bulk', body, { 'idempotency-key': 'k-bulk' });
    expect(again.json()).toEqual(first.json());
    expect((await get(`tasks/stats?user_id=${user_id}`)).json()).toMatchObject({ total: 1 });
  });
});

describe('POST /tasks/bulk', () => {
  it('records all in order', async () => {
    const user_id = newUser();
    const tasks = Array.from({ length: 250 }, (_, index) => ({ type: 'noop', payload: index, user_id }));
    const answer = await post('tasks/bulk', { tasks });
    expect(answer.status).toBe(201);
    const { items, total } = answer.json<{ items: { id: number; task_id: string }[]; total: number }>();
    expect(total).toBe(250);
    expect(items.map(({ id }) => id)).toEqual(items.map(({ id }) => id).sort((a, b) => a - b));
    expect((await get(`tasks/${items[249]?.id}`)).json()).toMatchObject({ payload: 249, task_id: items[249]?.task_id });
  });

  it('records none when one is wrong, and names it', async () => {
    const user_id = newUser();
    const good = { type: 'noop', payload: 1, user_id };
    const { task_id } = await submit();
    const cases: [unknown, number, string][] = [
      [{ ...good, type: 'no good' }, 400, 'tasks[1].type'],
      [{ ...good, colour: 'red' }, 400, 'tasks[1].colour'],
      [{ ...good, delay: '-1s' }, 400, 'tasks[1].delay'],
      [{ ...good, backoff: { type: 'fixed', base: 1 } }, 400, 'tasks[1].backoff.base'],
      ['text', 400, 'tasks[1]'],
      [{ ...good, task_id }, 409, 'task_id'],
    ];
    for (const [bad, status, field] of cases) {
      const answer = await post('tasks/bulk', { tasks: [good, bad] });
      expect([answer.status, ...fieldsOf(answer)], JSON.stringify(bad)).toEqual([status, field]);
    }
    expect((await get(`tasks/stats?user_id=${user_id}`)).json()).toMatchObject({ total: 0 });
  });
});

describe('GET /tasks', () => {
  it('lists pending tasks, newest first, unless told otherwise', async () => {
    const user_id = newUser();
    const tasks = [await submit({ user_id }), await submit({ user_id }), await submit({ user_id })];
    await finish(tasks[1] as TaskView, 'failed');

    const pending = (await get(`tasks?user_id=${user_id}`)).json<TaskPageView>();
    expect(pending.items.map(({ id }) => id)).toEqual([tasks[2]?.id, tasks[0]?.id]);
    expect(pending).toMatchObject({
      total: 2,
      total_relation: 'exact',
      page: 1,
      page_size: 20,
      next_cursor: null,
      filter: { status: 'pending', user_id },
    });
    expect((await get(`tasks?user_id=${user_id}&status=all`)).json()).toMatchObject({ total: 3 });
    expect((await get(`tasks?user_id=${user_id}&status=failed`)).json()).toMatchObject({
      items: [{ error_message: 'it broke', error_code: 'handler_error' }],
    });
  });

  it('pages by number and by cursor over the same tasks', async () => {
    const user_id = newUser();
    await post('tasks/bulk', { tasks: Array.from({ length: 7 }, (_, n) => ({ type: 'noop', payload: n, user_id })) });
    const byNumber: number[] = [];
    for (const page of [1, 2, 3]) {
      const { items } = (await get(`tasks?user_id=${user_id}&page=${page}&page_size=3`)).json<TaskPageView>();
      byNumber.push(...items.map(({ id }) => id));
    }
    const byCursor: number[] = [];
    let query = '';
    for (let page = 0; page < 3; page += 1) {
      const list = (await get(`tasks?user_id=${user_id}&page_size=3${query}`)).json<TaskPageView>();
      byCursor.push(...list.items.map(({ id }) => id));
      query = `&cursor=${list.next_cursor}`;
    }
    expect(byNumber).toHaveLength(7);
    expect(byCursor).toEqual(byNumber);
  });

  it('combines its filters', async () => {
    const user_id = newUser();
    const wanted = await submit({ user_id, type: 'report.daily', queue: 'reports', task_id: `${user_id}.wanted` });
    await submit({ user_id, type: 'report.daily' });
    await submit({ user_id, queue: 'reports' });
    const query = `user_id=${user_id}&type=report.daily&queue=reports&q=${user_id}.&created_from=2020-01-01T00:00:00Z`;
    const list = (await get(`tasks?${query}`)).json<TaskPageView>();
    expect(list.items.map(({ id }) => id)).toEqual([wanted.id]);
    expect((await get(`tasks?${query}&created_to=2020-01-02T00:00:00Z`)).json()).toMatchObject({ total: 0 });
    expect((await get(`tasks?user_id=${user_id}&schedule=none-such`)).json()).toMatchObject({ items: [], total: 0 });
  });
});

describe('GET /tasks/stats', () => {
  it('counts each status as the rows do', async () => {
    const user_id = newUser();
    const [a, b] = [await submit({ user_id }), await submit({ user_id, queue: 'mail' }), await submit({ user_id })];
    await finish(a, 'success');
    await finish(b, 'failed');
    const stats = (await get(`tasks/stats?user_id=${user_id}`)).json<TaskStatsView>();
    expect(stats).toEqual({ pending: 1, processing: 0, success: 1, failed: 1, cancelled: 0, total: 3 });
    expect((await get(`tasks/stats?user_id=${user_id}&queue=mail`)).json()).toMatchObject({ failed: 1, total: 1 });
  });
});

describe('one task', () => {
  it('is found by both ids and not by others', async () => {
    const task = await submit();
    expect((await get(`tasks/${task.id}`)).json()).toMatchObject({ task_id: task.task_id });
    expect((await get(`tasks/task/${task.task_id}`)).json()).toMatchObject({ id: task.id });
    for (const path of [
      'tasks/999999999',
      'tasks/9223372036854775807',
      'tasks/task/none',
      'tasks/task/none/attempts',
    ]) {
      expect((await get(path)).status, path).toBe(404);
    }
  });

  it('shows its attempts', async () => {
    const task = await submit();
    expect((await get(`tasks/task/${task.task_id}/attempts`)).json()).toEqual({ items: [], total: 0 });
    await finish(task, 'failed');
    expect((await get(`tasks/task/${task.task_id}/attempts`)).json()).toMatchObject({
      items: [{ attempt: 1, outcome: 'failed', worker_id: 'worker-1', error_message: 'it broke' }],
      total: 1,
    });
  });

  it('can be retried once it has failed or was cancelled, and keeps its attempts', async () => {
    const task = await submit();
    expect((await post(`tasks/task/${task.task_id}/retry`)).status).toBe(409);
    await finish(task, 'failed');
    const retried = await post(`tasks/task/${task.task_id}/retry`);
    expect(retried.status).toBe(200);
    expect(retried.json()).toMatchObject({ id: task.id, status: 'pending', retry_count: 0, attempt: 1 });
    expect((await post('tasks/task/none/retry')).status).toBe(404);
  });

  it('can be cancelled at once while it waits, by signal while it runs, and not after it ended', async () => {
    const waiting = await submit();
    const running = await submit();
    const ended = await submit();
    await store.tasks.startMany([{ taskId: running.task_id, attempt: 0 }], 'worker-1');
    await finish(ended, 'success');

    const cancel = (task: TaskView) => post(`tasks/task/${task.task_id}/cancel`);
    const first = await cancel(waiting);
    expect([first.status, first.json<TaskView>().status]).toEqual([200, 'cancelled']);
    expect((await cancel(waiting)).status).toBe(200);
    const asked = await cancel(running);
    expect([asked.status, asked.json<TaskView>().status]).toEqual([202, 'processing']);
    expect(asked.json<TaskView>().cancel_requested_at).not.toBeNull();
    expect((await cancel(ended)).status).toBe(409);
    expect((await post('tasks/task/none/cancel')).status).toBe(404);
    expect((await post(`tasks/task/${waiting.task_id}/retry`)).json()).toMatchObject({ status: 'pending' });
  });
});

describe('GET /types', () => {
  it('shows the types of live workers with their defaults', async () => {
    const worker = { host: 'h', pid: 1, version: '1', queues: ['default'], concurrency: 1 };
    const type = {
      type: 'send_email',
      timeoutMs: 30_000,
      maxRetry: 5,
      retryDelayMs: null,
      queue: null,
      description: 'Sends.',
    };
    await store.workers.register({ ...worker, workerId: 'w1', types: [type] });
    await store.workers.register({ ...worker, workerId: 'w2', types: [type, { ...type, type: 'noop' }] });
    expect((await get('types')).json()).toMatchObject({
      items: [
        { type: 'noop', workers: 1 },
        { type: 'send_email', timeout: 30_000, max_retry: 5, retry_delay: null, description: 'Sends.', workers: 2 },
      ],
      total: 2,
    });
  });
});

describe('the service', () => {
  it('is live and ready, and shows metrics without task ids', async () => {
    const { task_id } = await submit();
    await get(`tasks/task/${task_id}`);
    expect((await get('/health/live')).status).toBe(200);
    expect((await get('/health/ready')).json()).toMatchObject({
      status: 'ok',
      details: { postgres: { status: 'up' }, redis: { status: 'up' } },
    });
    const metrics = await get('/metrics');
    expect(metrics.text).toContain('route="/api/v1/tasks/task/:taskId",status="200"');
    expect(metrics.text).not.toContain(task_id);
  });

  it('serves its docs page from itself', async () => {
    const page = await get('/docs');
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    const scripts = [...page.text.matchAll(/(?:src|href)="(\.?\/?[^"#]+)"/g)].map(([, path = '']) => path);
    expect(scripts.length).toBeGreaterThan(2);
    for (const path of scripts) expect((await get(path.replace(/^\.?\/?(docs\/)?/, '/docs/'))).status, path).toBe(200);
  });
});
