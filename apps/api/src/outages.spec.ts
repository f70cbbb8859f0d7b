import { migrate, openStore, StoreOptions } from '@millrace/store';
import { eventually, ownPostgres, ownRedis, signal, type OwnPostgres, type OwnRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type RunningApi } from './testing/start-api';

/** A caller waits three seconds for a refusal; the rest is for a machine that has other things to do. */
const QUICK_MS = 4_500;

let postgres: OwnPostgres;
let redis: OwnRedis;
let api: RunningApi;

beforeAll(async () => {
  [postgres, redis] = await Promise.all([ownPostgres(), ownRedis()]);
  await migrate(postgres.url);
  api = await startApi({ DATABASE_URL: postgres.url, REDIS_URL: redis.url, RATELIMIT_ENABLED: 'true' });
});

afterAll(async () => {
  await api.close();
  await Promise.all([postgres.close(), redis.close()]);
});

const submit = (headers: Record<string, string> = {}) =>
  api.call('POST', 'tasks', { body: { type: 'noop', payload: {} }, headers });

/** One call of every endpoint that needs the record. */
const calls: Readonly<Record<string, () => ReturnType<RunningApi['call']>>> = {
  submit: () => submit(),
  'submit with a key': () => submit({ 'idempotency-key': 'down' }),
  bulk: () => api.call('POST', 'tasks/bulk', { body: { tasks: [{ type: 'noop', payload: 1 }] } }),
  list: () => api.call('GET', 'tasks'),
  'list by user': () => api.call('GET', 'tasks?status=all&user_id=ada'),
  stats: () => api.call('GET', 'tasks/stats'),
  'by id': () => api.call('GET', 'tasks/1'),
  'by task_id': () => api.call('GET', 'tasks/task/x'),
  attempts: () => api.call('GET', 'tasks/task/x/attempts'),
  retry: () => api.call('POST', 'tasks/task/x/retry'),
  cancel: () => api.call('POST', 'tasks/task/x/cancel'),
  types: () => api.call('GET', 'types'),
};

async function expectRefusal(call: () => ReturnType<RunningApi['call']>): Promise<void> {
  const { answer, ms } = await timed(call);
  expect(answer.status, answer.text).toBe(503);
  expect(answer.headers['retry-after']).toBe('2');
  expect(answer.headers['content-type']).toContain('application/problem+json');
  expect(answer.text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
  expect(ms).toBeLessThan(QUICK_MS);
}

async function timed<T>(work: () => Promise<T>): Promise<{ answer: T; ms: number }> {
  const startedAt = performance.now();
  const answer = await work();
  return { answer, ms: performance.now() - startedAt };
}

describe('while Redis is away', () => {
  it('a submit is recorded, says that its dispatch is deferred, and the service stays ready', async () => {
    expect((await submit()).headers['x-dispatch']).toBeUndefined();
    await redis.kill('SIGKILL');

    const { answer, ms } = await timed(() => submit());
    expect(answer.status).toBe(201);
    expect(answer.headers['x-dispatch']).toBe('deferred');
    expect(ms).toBeLessThan(QUICK_MS);
    expect((await submit({ 'idempotency-key': 'away' })).headers['x-dispatch']).toBe('deferred');
    expect((await api.call('GET', 'tasks/stats')).json()).toMatchObject({ pending: 3 });

    const ready = await api.call('GET', '/health/ready');
    expect([ready.status, ready.json().status]).toEqual([200, 'degraded']);

    await redis.restart();
    await eventually(async () => expect((await submit()).headers['x-dispatch']).toBeUndefined(), 15_000);
  });
});

describe('while Redis is full', () => {
  it('a submit is recorded and says that its dispatch is deferred, and bulks and cancels work', async () => {
    await eventually(() => redis.redis.config('SET', 'maxmemory', '1'), 10_000);
    try {
      const task_id = 'in-a-full-redis';
      const answer = await api.call('POST', 'tasks', { body: { task_id, type: 'noop', payload: {}, delay: '1h' } });
      expect([answer.status, answer.headers['x-dispatch']]).toEqual([201, 'deferred']);
      const bulk = await api.call('POST', 'tasks/bulk', { body: { tasks: [{ type: 'noop', payload: 1 }] } });
      expect([bulk.status, bulk.headers['x-dispatch']]).toEqual([201, 'deferred']);
      expect((await api.call('POST', `tasks/task/${task_id}/cancel`)).status).toBe(200);
      expect((await api.call('GET', '/health/ready')).status).toBe(200);
    } finally {
      await redis.redis.config('SET', 'maxmemory', '0');
    }
    expect((await submit()).headers['x-dispatch']).toBeUndefined();
  });
});

describe('while Redis may evict', () => {
  it('readiness is degraded and says why, a metric tells, and tasks are taken all the same', async () => {
    await eventually(() => redis.redis.config('SET', 'maxmemory-policy', 'allkeys-lru'), 10_000);

    const ready = await api.call('GET', '/health/ready');
    expect([ready.status, ready.json().status]).toEqual([200, 'degraded']);
    expect(ready.text).toContain('allkeys-lru');
    expect((await api.call('GET', '/metrics')).text).toContain('millrace_redis_may_evict 1');
    expect((await submit()).status).toBe(201);

    await redis.redis.config('SET', 'maxmemory-policy', 'noeviction');
    expect((await api.call('GET', '/health/ready')).json().status).toBe('ok');
  });
});

describe('while PostgreSQL is away', () => {
  it('every call answers 503 quickly and says when to come back, liveness holds, and all recovers', async () => {
    await postgres.kill('SIGKILL');

    for (const call of Object.values(calls)) await expectRefusal(call);
    expect((await api.call('GET', '/health/live')).status).toBe(200);
    expect((await api.call('GET', '/health/ready')).status).toBe(503);

    await postgres.restart();
    await eventually(async () => expect((await submit()).status).toBe(201), 30_000);
    expect((await api.call('GET', '/health/ready')).status).toBe(200);
  });

  it('a server that hangs is waited for three seconds at most, by whatever number of callers', async () => {
    await postgres.kill('SIGSTOP');
    try {
      const ready = timed(() => api.call('GET', '/health/ready'));
      // Many more than the pool has connections.
      await Promise.all(Array.from({ length: 4 }, () => Object.values(calls).map(expectRefusal)).flat());
      expect((await ready).answer.status).toBe(503);
      expect((await ready).ms).toBeLessThan(QUICK_MS);
      await Promise.all(Object.values(calls).map(expectRefusal));
      expect((await api.call('GET', '/health/live')).status).toBe(200);
    } finally {
      await postgres.kill('SIGCONT');
    }
    await eventually(async () => expect((await submit()).status).toBe(201), 30_000);
  });

  it('a statement that only takes its time is waited for', async () => {
    const other = await openStore(new StoreOptions({ databaseUrl: postgres.url, poolSize: 1 }));
    const locked = signal();
    const holding = other.tasks.transaction(async (manager) => {
      await manager.query('LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE');
      locked.fire();
      // Longer than the api's patience, shorter than its lock timeout.
      await manager.query('SELECT pg_sleep(1.9)');
    });
    await locked.wait();
    const { answer, ms } = await timed(() => api.call('GET', 'tasks?status=all'));
    await holding;
    await other.close();

    expect(ms).toBeGreaterThan(1_800);
    expect(answer.status).toBe(200);
    expect(ms).toBeLessThan(QUICK_MS);
  });
});
