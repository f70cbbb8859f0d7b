import { migrate } from '@millrace/store';
import { ApiClient, eventually, ownPostgres, ownRedis, type OwnPostgres, type OwnRedis } from '@millrace/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Platform } from './platform';

/** Short, so that a lost worker is noticed within seconds; the product's default is 30 s. */
const LEASE = '3s';
const TASKS = 400;
const SLOTS = 25;

/** A run in the middle of which something is killed; the full-size fault suite has its own command. */
describe('a run through faults', () => {
  let postgres: OwnPostgres;
  let redis: OwnRedis;
  let platform: Platform;
  let api: ApiClient;

  beforeEach(async () => {
    postgres = await ownPostgres();
    redis = await ownRedis();
    await migrate(postgres.url);
    platform = await Platform.start({
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      workers: 2,
      env: { QUEUE_LEASE: LEASE, QUEUE_WORKERS: String(SLOTS) },
    });
    api = new ApiClient(platform.api.url);
    await api.submitBulk(
      Array.from({ length: TASKS }, (_, n) => ({ type: 'noop', task_id: `t-${n}`, payload: { sleep: '200ms' } })),
    );
    await eventually(async () => expect((await ours()).success).toBeGreaterThan(0), 30_000);
  });

  afterEach(async () => {
    await platform?.stop();
    await redis?.close();
    await postgres?.close();
  });

  /** Without what the scheduler submits at the full hour. */
  const ours = () => api.stats('?type=noop');

  const allSucceeded = () =>
    eventually(async () => expect(await ours()).toMatchObject({ success: TASKS, total: TASKS }), 90_000);

  const attempts = async () => {
    const tasks = await Promise.all(Array.from({ length: TASKS }, (_, n) => api.task(`t-${n}`)));
    return tasks.map((task) => task.attempt);
  };

  it(
    'kill -9 of a worker: everything ends, and only what it had in flight runs twice',
    { timeout: 180_000 },
    async () => {
      await platform.workers[0]?.kill('SIGKILL');

      await allSucceeded();

      const starts = await attempts();
      expect(Math.max(...starts)).toBeLessThanOrEqual(2);
      // Beside what runs a worker may have claimed twice as much ahead, when starts take long on a busy machine.
      expect(starts.filter((attempt) => attempt === 2).length).toBeLessThanOrEqual(3 * SLOTS);
    },
  );

  it('restart of an empty Redis: everything ends, nothing runs twice', { timeout: 180_000 }, async () => {
    await redis.restart();

    await allSucceeded();

    expect(Math.max(...(await attempts()))).toBe(1);
  });

  it('restart of PostgreSQL: services reconnect and everything ends', { timeout: 180_000 }, async () => {
    await postgres.restart();

    await eventually(allSucceeded, 90_000);

    for (const service of platform.services) expect([service.name, service.running]).toEqual([service.name, true]);
  });
});
