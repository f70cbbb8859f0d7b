import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskPageView, TaskStatsView } from './list.views';
import type { TaskView } from './task.view';
import { startTasksApi, type TasksApi } from './tasks.fixture';

let api: TasksApi;

beforeAll(async () => {
  api = await startTasksApi();
});

afterAll(() => api.close());

describe('GET /tasks', () => {
  it('lists pending tasks, newest first, unless told otherwise', async () => {
    const user_id = api.newUser();
    const tasks = [await api.submit({ user_id }), await api.submit({ user_id }), await api.submit({ user_id })];
    await api.finish(tasks[1] as TaskView, 'failed');

    const pending = (await api.get(`tasks?user_id=${user_id}`)).json<TaskPageView>();
    expect(pending.items.map(({ id }) => id)).toEqual([tasks[2]?.id, tasks[0]?.id]);
    expect(pending).toMatchObject({
      total: 2,
      total_relation: 'exact',
      page: 1,
      page_size: 20,
      next_cursor: null,
      filter: { status: 'pending', user_id },
    });
    expect((await api.get(`tasks?user_id=${user_id}&status=all`)).json()).toMatchObject({ total: 3 });
    expect((await api.get(`tasks?user_id=${user_id}&status=failed`)).json()).toMatchObject({
      items: [{ error_message: 'it broke', error_code: 'handler_error' }],
    });
  });

  it('pages by number and by cursor over the same tasks', async () => {
    const user_id = api.newUser();
    await api.post('tasks/bulk', {
      tasks: Array.from({ length: 7 }, (_, n) => ({ type: 'noop', payload: n, user_id })),
    });
    const byNumber: number[] = [];
    for (const page of [1, 2, 3]) {
      const { items } = (await api.get(`tasks?user_id=${user_id}&page=${page}&page_size=3`)).json<TaskPageView>();
      byNumber.push(...items.map(({ id }) => id));
    }
    const byCursor: number[] = [];
    let query = '';
    for (let page = 0; page < 3; page += 1) {
      const list = (await api.get(`tasks?user_id=${user_id}&page_size=3${query}`)).json<TaskPageView>();
      byCursor.push(...list.items.map(({ id }) => id));
      query = `&cursor=${list.next_cursor}`;
    }
    expect(byNumber).toHaveLength(7);
    expect(byCursor).toEqual(byNumber);
  });

  it('combines its filters', async () => {
    const user_id = api.newUser();
    const wanted = await api.submit({ user_id, type: 'report.daily', queue: 'reports', task_id: `${user_id}.wanted` });
    await api.submit({ user_id, type: 'report.daily' });
    await api.submit({ user_id, queue: 'reports' });
    const query = `user_id=${user_id}&type=report.daily&queue=reports&q=${user_id}.&created_from=2020-01-01T00:00:00Z`;
    const list = (await api.get(`tasks?${query}`)).json<TaskPageView>();
    expect(list.items.map(({ id }) => id)).toEqual([wanted.id]);
    expect((await api.get(`tasks?${query}&created_to=2020-01-02T00:00:00Z`)).json()).toMatchObject({ total: 0 });
    expect((await api.get(`tasks?user_id=${user_id}&schedule=none-such`)).json()).toMatchObject({
      items: [],
      total: 0,
    });
  });
});

describe('GET /tasks/stats', () => {
  it('counts each status as the rows do', async () => {
    const user_id = api.newUser();
    const [a, b] = [
      await api.submit({ user_id }),
      await api.submit({ user_id, queue: 'mail' }),
      await api.submit({ user_id }),
    ];
    await api.finish(a, 'success');
    await api.finish(b, 'failed');
    const stats = (await api.get(`tasks/stats?user_id=${user_id}`)).json<TaskStatsView>();
    expect(stats).toEqual({ pending: 1, processing: 0, success: 1, failed: 1, cancelled: 0, total: 3 });
    expect((await api.get(`tasks/stats?user_id=${user_id}&queue=mail`)).json()).toMatchObject({ failed: 1, total: 1 });
  });
});

describe('one task', () => {
  it('is found by both ids and not by others', async () => {
    const task = await api.submit();
    expect((await api.get(`tasks/${task.id}`)).json()).toMatchObject({ task_id: task.task_id });
    expect((await api.get(`tasks/task/${task.task_id}`)).json()).toMatchObject({ id: task.id });
    for (const path of [
      'tasks/999999999',
      'tasks/9223372036854775807',
      'tasks/task/none',
      'tasks/task/none/attempts',
    ]) {
      expect((await api.get(path)).status, path).toBe(404);
    }
  });

  it('shows its attempts', async () => {
    const task = await api.submit();
    expect((await api.get(`tasks/task/${task.task_id}/attempts`)).json()).toEqual({ items: [], total: 0 });
    await api.finish(task, 'failed');
    expect((await api.get(`tasks/task/${task.task_id}/attempts`)).json()).toMatchObject({
      items: [{ attempt: 1, outcome: 'failed', worker_id: 'worker-1', error_message: 'it broke' }],
      total: 1,
    });
  });

  it('can be retried once it has failed or was cancelled, and keeps its attempts', async () => {
    const task = await api.submit();
    expect((await api.post(`tasks/task/${task.task_id}/retry`)).status).toBe(409);
    await api.finish(task, 'failed');
    const retried = await api.post(`tasks/task/${task.task_id}/retry`);
    expect(retried.status).toBe(200);
    expect(retried.json()).toMatchObject({ id: task.id, status: 'pending', retry_count: 0, attempt: 1 });
    expect((await api.post('tasks/task/none/retry')).status).toBe(404);
  });

  it('can be cancelled at once while it waits, by signal while it runs, and not after it ended', async () => {
    const waiting = await api.submit();
    const running = await api.submit();
    const ended = await api.submit();
    await api.store.tasks.startMany([{ taskId: running.task_id, attempt: 0 }], 'worker-1');
    await api.finish(ended, 'success');

    const cancel = (task: TaskView) => api.post(`tasks/task/${task.task_id}/cancel`);
    const first = await cancel(waiting);
    expect([first.status, first.json<TaskView>().status]).toEqual([200, 'cancelled']);
    expect((await cancel(waiting)).status).toBe(200);
    const asked = await cancel(running);
    expect([asked.status, asked.json<TaskView>().status]).toEqual([202, 'processing']);
    expect(asked.json<TaskView>().cancel_requested_at).not.toBeNull();
    expect((await cancel(ended)).status).toBe(409);
    expect((await api.post('tasks/task/none/cancel')).status).toBe(404);
    expect((await api.post(`tasks/task/${waiting.task_id}/retry`)).json()).toMatchObject({ status: 'pending' });
  });
});
