import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTasksApi, type TasksApi } from './tasks/tasks.fixture';

let api: TasksApi;

beforeAll(async () => {
  api = await startTasksApi();
});

afterAll(() => api.close());

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
    await api.store.workers.register({ ...worker, workerId: 'w1', types: [type] });
    await api.store.workers.register({ ...worker, workerId: 'w2', types: [type, { ...type, type: 'noop' }] });
    expect((await api.get('types')).json()).toMatchObject({
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
    const { task_id } = await api.submit();
    await api.get(`tasks/task/${task_id}`);
    expect((await api.get('/health/live')).status).toBe(200);
    expect((await api.get('/health/ready')).json()).toMatchObject({
      status: 'ok',
      details: { postgres: { status: 'up' }, redis: { status: 'up' } },
    });
    const metrics = await api.get('/metrics');
    expect(metrics.text).toContain('route="/api/v1/tasks/task/:taskId",status="200"');
    expect(metrics.text).not.toContain(task_id);
  });

  it('serves its docs page from itself', async () => {
    const page = await api.get('/docs');
    expect(page.status).toBe(200);
    expect(page.text).not.toMatch(/(src|href)="https?:/);
    const scripts = [...page.text.matchAll(/(?:src|href)="(\.?\/?[^"#]+)"/g)].map(([, path = '']) => path);
    expect(scripts.length).toBeGreaterThan(2);
    for (const path of scripts)
      expect((await api.get(path.replace(/^\.?\/?(docs\/)?/, '/docs/'))).status, path).toBe(200);
  });
});
