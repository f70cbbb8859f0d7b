import { migrate } from '@millrace/store';
import { eventually, ownPostgres, ownRedis, type OwnPostgres, type OwnRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type RunningApi } from './testing/start-api';

/** A caller waits no longer than this for a refusal. */
const QUICK_MS = 5_000;

/** Nor longer than this for an answer of any kind. */
const DEADLINE_MS = 20_000;

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

    const calls = [
      () => submit(),
      () => submit({ 'idempotency-key': 'down' }),
      () => api.call('POST', 'tasks/bulk', { body: { tasks: [{ type: 'noop', payload: 1 }] } }),
      () => api.call('GET', 'tasks'),
      () => api.call('GET', 'tasks/stats'),
      () => api.call('GET', 'tasks/1'),
      () => api.call('GET', 'tasks/task/x'),
      () => api.call('GET', 'tasks/task/x/attempts'),
      () => api.call('POST', 'tasks/task/x/retry'),
      () => api.call('POST', 'tasks/task/x/cancel'),
      () => api.call('GET', 'types'),
    ];
    for (const call of calls) {
      const { answer, ms } = await timed(call);
      expect(answer.status, answer.text).toBe(503);
      expect(answer.headers['retry-after']).toBe('2');
      expect(answer.headers['content-type']).toContain('application/problem+json');
      expect(answer.text).not.toMatch(/ECONNREFUSED|127\.0\.0\.1/);
      expect(ms).toBeLessThan(QUICK_MS);
    }
    expect((await api.call('GET', '/health/live')).status).toBe(200);
    expect((await api.call('GET', '/health/ready')).status).toBe(503);

    await postgres.restart();
    await eventually(async () => expect((await submit()).status).toBe(201), 30_000);
    expect((await api.call('GET', '/health/ready')).status).toBe(200);
  });

  it('a server that hangs is not waited for without end', async () => {
    await postgres.kill('SIGSTOP');
    try {
      const ready = timed(() => api.call('GET', '/health/ready'));
      const [list, submitted] = await Promise.all([timed(() => api.call('GET', 'tasks')), timed(() => submit())]);
      for (const { answer, ms } of [list, submitted]) {
        expect(answer.status).toBe(503);
        expect(ms).toBeLessThan(DEADLINE_MS);
      }
      expect((await ready).answer.status).toBe(503);
      expect((await ready).ms).toBeLessThan(QUICK_MS);
    } finally {
      await postgres.kill('SIGCONT');
    }
    await eventually(async () => expect((await submit()).status).toBe(201), 30_000);
  });
});
