import { migrate } from '@millrace/store';
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type RunningApi } from './testing/start-api';

const KEYS = 'ci:0123456789abcdef,app:fedcba9876543210';
const CI = { authorization: 'Bearer 0123456789abcdef' };
const APP = { authorization: 'Bearer fedcba9876543210' };

let database: TestDatabase;
let redis: TestRedis;
const running: RunningApi[] = [];

beforeAll(async () => {
  [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  await migrate(database.url);
});

afterEach(() => Promise.all(running.splice(0).map((api) => api.close())));
afterAll(() => Promise.all([database.drop(), redis.close()]));

let prefixes = 0;

async function start(env: Record<string, string>, prefix = `${redis.prefix}-${(prefixes += 1)}`): Promise<RunningApi> {
  const api = await startApi({
    DATABASE_URL: database.url,
    REDIS_URL: redis.url,
    QUEUE_REDIS_PREFIX: prefix,
    ...env,
  });
  running.push(api);
  return api;
}

describe('keys', () => {
  it('guard every address but health and metrics', async () => {
    const api = await start({ AUTH_MODE: 'keys', API_KEYS: KEYS });
    for (const path of [
      'tasks',
      'tasks/stats',
      'tasks/1',
      'tasks/task/x',
      'types',
      '/docs',
      '/openapi.json',
      '/nope',
    ]) {
      const answer = await api.call('GET', path);
      expect(answer.status, path).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer realm="millrace"');
    }
    for (const path of ['tasks', 'tasks/bulk', 'tasks/task/x/retry', 'tasks/task/x/cancel']) {
      expect((await api.call('POST', path, { raw: 'not even JSON' })).status, path).toBe(401);
    }
    for (const path of ['/health/live', '/health/ready', '/metrics']) {
      expect((await api.call('GET', path)).status, path).toBe(200);
    }
    for (const headers of [CI, APP]) expect((await api.call('GET', 'tasks', { headers })).status).toBe(200);
  });

  it('keep the Idempotency-Keys of their holders apart', async () => {
    const api = await start({ AUTH_MODE: 'keys', API_KEYS: KEYS });
    const submit = (headers: Record<string, string>) =>
      api.call('POST', 'tasks', {
        body: { type: 'noop', payload: {} },
        headers: { ...headers, 'idempotency-key': 'same' },
      });
    const [ci, app] = [await submit(CI), await submit(APP)];
    expect([ci.status, app.status]).toEqual([201, 201]);
    expect(app.json().task_id).not.toBe(ci.json().task_id);
  });
});

describe('the rate limit', () => {
  const LIMITED = { RATELIMIT_ENABLED: 'true', RATELIMIT_LIMIT: '5', RATELIMIT_WINDOW: '1h' };

  it('is shared by all replicas', async () => {
    const prefix = `${redis.prefix}-shared`;
    const replicas = [await start(LIMITED, prefix), await start(LIMITED, prefix)] as const;
    const statuses: number[] = [];
    for (let n = 0; n < 8; n += 1) statuses.push((await replicas[n % 2 === 0 ? 0 : 1].call('GET', 'types')).status);
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429, 429]);
  });

  it('says what is left and when to come back', async () => {
    const api = await start(LIMITED);
    const first = await api.call('GET', 'types');
    expect(first.headers).toMatchObject({ 'ratelimit-limit': '5', 'ratelimit-remaining': '4' });
    for (let n = 0; n < 4; n += 1) await api.call('GET', 'types');
    const refused = await api.call('GET', 'types');
    expect(refused.status).toBe(429);
    expect(refused.headers['content-type']).toContain('application/problem+json');
    expect(refused.headers['ratelimit-remaining']).toBe('0');
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(3_500);
  });

  it('counts each key for itself, and never health and metrics', async () => {
    const api = await start({ ...LIMITED, AUTH_MODE: 'keys', API_KEYS: KEYS });
    for (let n = 0; n < 5; n += 1) await api.call('GET', 'types', { headers: CI });
    expect((await api.call('GET', 'types', { headers: CI })).status).toBe(429);
    expect((await api.call('GET', 'types', { headers: APP })).status).toBe(200);
    for (let n = 0; n < 10; n += 1) expect((await api.call('GET', '/health/live')).status).toBe(200);
  });

  it('is off on loopback in development unless asked for', async () => {
    const api = await start({});
    expect((await api.call('GET', 'types')).headers['ratelimit-limit']).toBeUndefined();
  });
});
