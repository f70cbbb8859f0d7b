import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fieldsOf } from '../testing/problem.fixture';
import type { SubmittedTaskView } from './task.view';
import { startTasksApi, type TasksApi } from './tasks.fixture';

let api: TasksApi;

beforeAll(async () => {
  api = await startTasksApi();
});

afterAll(() => api.close());

describe('POST /tasks', () => {
  it('records a task with its defaults and says where it is', async () => {
    const answer = await api.post('tasks', { type: 'send_email', payload: { to: 'a@b.c', deep: [1, null, 'ü'] } });
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
    expect(await api.redis.redis.lrange(`${api.redis.prefix}:tasks`, 0, 0)).toEqual([
      expect.stringContaining(task.task_id),
    ]);
  });

  it('takes every option and shows it under the same name', async () => {
    const task = await api.submit({
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
    expect((await api.get('tasks/task/order:4711')).json()).toMatchObject({ id: task.id, backoff: task.backoff });
  });

  it('answers 409 for a task_id that is taken', async () => {
    const { task_id } = await api.submit();
    const answer = await api.post('tasks', { type: 'noop', payload: 1, task_id });
    expect(answer.status).toBe(409);
    expect(answer.json()).toMatchObject({ type: 'urn:millrace:problem:task-id-taken' });
  });

  it('answers 200 and the task that holds the unique key', async () => {
    const unique = { key: 'report', for: 'unfinished' };
    const first = await api.submit({ unique });
    const answer = await api.post('tasks', { type: 'noop', payload: {}, unique });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ task_id: first.task_id, created: false });

    await api.finish(first, 'success');
    expect((await api.submit({ unique })).task_id).not.toBe(first.task_id);
  });

  it('keeps a payload of any JSON kind', async () => {
    for (const payload of [null, true, 0, -0.5, 'text', [], {}, [[[]]], { '': { ' ': 'a\u2028b' } }]) {
      const { task_id } = await api.submit({ payload });
      expect((await api.get(`tasks/task/${task_id}`)).json()).toMatchObject({ payload });
    }
  });

  it('refuses a payload beyond its limit and names it', async () => {
    const answer = await api.post('tasks', { type: 'noop', payload: 'x'.repeat(256 * 1024) });
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual(['payload']);
  });
});

describe('Idempotency-Key', () => {
  it('answers the same request the same way and records it once', async () => {
    const user_id = api.newUser();
    const headers = { 'idempotency-key': 'k-1' };
    const first = await api.post('tasks', { type: 'noop', payload: { a: 1, b: 2 }, user_id }, headers);
    const again = await api.post('tasks', { user_id, payload: { b: 2, a: 1 }, type: 'noop' }, headers);

    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.json()).toEqual(first.json());
    expect(first.headers['idempotent-replayed']).toBeUndefined();
    expect(again.headers['idempotent-replayed']).toBe('true');
    expect(again.headers.location).toBe(first.headers.location);
    expect((await api.get(`tasks/stats?user_id=${user_id}`)).json()).toMatchObject({ total: 1 });
  });

  it('lets one of many at the same time do the work', async () => {
    const user_id = api.newUser();
    const body = { type: 'noop', payload: {}, user_id };
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => api.post('tasks', body, { 'idempotency-key': 'k-many' })),
    );
    expect(new Set(answers.map((answer) => answer.text)).size).toBe(1);
    expect((await api.get(`tasks/stats?user_id=${user_id}`)).json()).toMatchObject({ total: 1 });
  });

  it('answers 422 for another request under the same key', async () => {
    const headers = { 'idempotency-key': 'k-2' };
    await api.post('tasks', { type: 'noop', payload: 1 }, headers);
    expect((await api.post('tasks', { type: 'noop', payload: 2 }, headers)).status).toBe(422);
    expect((await api.post('tasks/bulk', { tasks: [{ type: 'noop', payload: 1 }] }, headers)).status).toBe(422);
  });

  it('keeps nothing of a request that failed', async () => {
    const headers = { 'idempotency-key': 'k-3' };
    const { task_id } = await api.submit();
    expect((await api.post('tasks', { type: 'noop', payload: 1, task_id }, headers)).status).toBe(409);
    expect((await api.post('tasks', { type: 'noop', payload: 1 }, headers)).status).toBe(201);
  });

  it.each(['', 'a b', 'ü', 'x'.repeat(256)])('refuses the key %j', async (key) => {
    const answer = await api.post('tasks', { type: 'noop', payload: 1 }, { 'idempotency-key': key });
    expect(answer.status).toBe(400);
    expect(fieldsOf(answer)).toEqual(['Idempotency-Key']);
  });

  it('covers a bulk submit as well', async () => {
    const user_id = api.newUser();
    const body = { tasks: [{ type: 'noop', payload: 1, user_id }] };
    const first = await api.post('tasks/bulk', body, { 'idempotency-key': 'k-bulk' });
    const again = await api.post('tasks/bulk', body, { 'idempotency-key': 'k-bulk' });
    expect(again.json()).toEqual(first.json());
    expect((await api.get(`tasks/stats?user_id=${user_id}`)).json()).toMatchObject({ total: 1 });
  });
});

describe('POST /tasks/bulk', () => {
  it('records all in order', async () => {
    const user_id = api.newUser();
    const tasks = Array.from({ length: 250 }, (_, index) => ({ type: 'noop', payload: index, user_id }));
    const answer = await api.post('tasks/bulk', { tasks });
    expect(answer.status).toBe(201);
    const { items, total } = answer.json<{ items: { id: number; task_id: string }[]; total: number }>();
    expect(total).toBe(250);
    expect(items.map(({ id }) => id)).toEqual(items.map(({ id }) => id).sort((a, b) => a - b));
    expect((await api.get(`tasks/${items[249]?.id}`)).json()).toMatchObject({
      payload: 249,
      task_id: items[249]?.task_id,
    });
  });

  it('records none when one is wrong, and names it', async () => {
    const user_id = api.newUser();
    const good = { type: 'noop', payload: 1, user_id };
    const { task_id } = await api.submit();
    const cases: [unknown, number, string][] = [
      [{ ...good, type: 'no good' }, 400, 'tasks[1].type'],
      [{ ...good, colour: 'red' }, 400, 'tasks[1].colour'],
      [{ ...good, delay: '-1s' }, 400, 'tasks[1].delay'],
      [{ ...good, backoff: { type: 'fixed', base: 1 } }, 400, 'tasks[1].backoff.base'],
      ['text', 400, 'tasks[1]'],
      [{ ...good, task_id }, 409, 'task_id'],
    ];
    for (const [bad, status, field] of cases) {
      const answer = await api.post('tasks/bulk', { tasks: [good, bad] });
      expect([answer.status, ...fieldsOf(answer)], JSON.stringify(bad)).toEqual([status, field]);
    }
    expect((await api.get(`tasks/stats?user_id=${user_id}`)).json()).toMatchObject({ total: 0 });
  });
});
