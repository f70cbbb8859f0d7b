import { createService } from '@millrace/runtime';
import {
  ownPostgres,
  ownRedis,
  signal,
  type OwnPostgres,
  type OwnRedis,
  type TestDatabase,
  type TestRedis,
} from '@millrace/testing';
import { Injectable, Module } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openStores, withStores, type OpenStores } from '../../../libs/tasks/src/stores.fixture';
import { SCHEDULER_SERVICE } from './scheduler-service';
import { SchedulerConfig } from './scheduler.config';
import { SchedulerModule } from './scheduler.module';
import { ScheduledFunc, ScheduledTask } from '@millrace/scheduling';

let database: TestDatabase;
let redis: TestRedis;
let stores: OpenStores;
const running = new Set<NestFastifyApplication>();

withStores((opened) => {
  stores = opened;
  ({ database, redis } = opened);
});

afterEach(async () => {
  await Promise.all([...running].map((app) => app.close()));
  running.clear();
});

const configOf = (settings: Partial<SchedulerConfig> = {}) =>
  Object.assign(new SchedulerConfig(), {
    ...{ databaseUrl: database.url, redisUrl: redis.url, queueRedisPrefix: redis.prefix },
    ...{ databasePoolSize: 4, logLevel: 'fatal', host: '127.0.0.1', authMode: 'none' as const },
    ...settings,
  });

/** The whole service in this process, listening. */
async function start(settings: Partial<SchedulerConfig> = {}, Root: new () => object = SchedulerModule) {
  const config = configOf(settings);
  const app = await createService(Root, { ...SCHEDULER_SERVICE, Config: SchedulerConfig, config });
  running.add(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
}

const stop = async (app: NestFastifyApplication) => {
  running.delete(app);
  await app.close();
};

interface Stats {
  readonly jobs: { readonly name: string; readonly kind: string; readonly next_run_at: string | null }[];
  readonly duties: { readonly name: string; readonly runs: number; readonly last_error: string | null }[];
}

const statsOf = async (app: NestFastifyApplication) => (await app.inject({ url: '/stats' })).json<Stats>();

const fired = signal<Date>();

@Injectable()
class Reports {
  @ScheduledTask('* * * * * *', { name: 'report', type: 'noop', options: { priority: 2 } })
  payload(slotAt: Date) {
    return { day: slotAt.toISOString() };
  }

  @ScheduledFunc('* * * * * *', { name: 'refresh' })
  refresh({ slotAt }: { readonly slotAt: Date }) {
    fired.fire(slotAt);
  }
}

@Module({ imports: [SchedulerModule], providers: [Reports] })
class WithReports {}

@Injectable()
class Rival {
  @ScheduledFunc('@daily', { name: 'retention' })
  run() {
    return undefined;
  }
}

@Module({ imports: [SchedulerModule], providers: [Rival] })
class WithRival {}

describe('the scheduler service', () => {
  it('shows its jobs and its duties at work', async () => {
    const app = await start();

    await expect
      .poll(async () => (await statsOf(app)).duties.every(({ runs }) => runs > 0), { timeout: 10_000 })
      .toBe(true);

    const { jobs, duties } = await statsOf(app);
    expect(jobs.map(({ name, kind }) => [name, kind])).toEqual([
      ['queue-inspection', 'task'],
      ['retention', 'func'],
    ]);
    expect(jobs.every(({ next_run_at }) => Date.parse(next_run_at ?? '') > Date.now())).toBe(true);
    expect(duties.filter(({ last_error }) => last_error !== null)).toEqual([]);
    for (const path of ['/health/live', '/health/ready']) {
      expect((await app.inject({ url: path })).statusCode).toBe(200);
    }
    const metrics = (await app.inject({ url: '/metrics' })).body;
    expect(metrics).toContain('millrace_scheduler_runs_total');
    expect(metrics).toContain('millrace_scheduler_next_due_timestamp_seconds');
  });

  it('keeps its statistics from strangers, but not its health', async () => {
    const app = await start({ authMode: 'keys', apiKeys: [] });

    expect((await app.inject({ url: '/stats' })).statusCode).toBe(401);
    expect((await app.inject({ url: '/health/live' })).statusCode).toBe(200);
  });

  it('has the switched schedules only when they are switched on', async () => {
    const app = await start({
      cleanupFolders: ['/srv/a', '/srv/b'],
      ...{ syncEnabled: true, syncUrl: 'http://partner.test/sync' },
    });

    const names = (await statsOf(app)).jobs.map(({ name }) => name);
    expect(names).toEqual(['cleanup-files.1', 'cleanup-files.2', 'queue-inspection', 'retention', 'third-party-sync']);
  });

  it('finds schedules declared on methods, and two replicas submit one task a slot', async () => {
    const apps = await Promise.all([start({}, WithReports), start({}, WithReports)]);
    const list = () => stores.store.queries.list({ status: 'all', type: 'noop' }, { page: 1, pageSize: 200 });

    await expect.poll(async () => (await list()).items.length, { timeout: 20_000 }).toBeGreaterThan(2);
    await Promise.all(apps.map(stop));

    const { items } = await list();
    expect(new Set(items.map(({ slotAt }) => slotAt?.toISOString())).size).toBe(items.length);
    expect(
      items.every(({ slotAt, payload, priority, scheduleId }) => {
        return (payload as { day: string }).day === slotAt?.toISOString() && priority === 2 && scheduleId !== null;
      }),
    ).toBe(true);
    expect((await fired.wait()).getMilliseconds()).toBe(0);
  });

  it('does not start with two schedules of one name, and says which', async () => {
    await expect(start({}, WithRival)).rejects.toThrow('"retention"');
  });

  it('queues a task again that only the record knows', async () => {
    await start();
    await stores.store.dataSource.query(`INSERT INTO tasks (task_id, type) VALUES ('by-hand', 'noop')`);

    const queue = stores.access.queues.of('default');
    await expect
      .poll(
        async () => (await queue.claim({ workerId: 'w', limit: 100, leaseMs: 60_000 })).map(({ taskId }) => taskId),
        {
          timeout: 20_000,
        },
      )
      .toContain('by-hand');
  });
});

describe('a scheduler whose Redis is restarted empty', () => {
  let fragile: OwnRedis;

  beforeAll(async () => {
    fragile = await ownRedis({ persistence: 'none' });
  });

  afterAll(() => fragile.close());

  it('comes back by itself and refills it within seconds, while its schedules go on', async () => {
    const prefix = 'refill';
    const others = await openStores({ databaseUrl: database.url, redisUrl: fragile.url, prefix });
    const app = await start({ redisUrl: fragile.url, queueRedisPrefix: prefix });
    const tasks = await others.submitter.submitMany(
      Array.from({ length: 50 }, (_, n) => ({ type: 'noop', payload: n, options: { queue: 'refill' } })),
    );

    await fragile.kill('SIGKILL');
    expect((await app.inject({ url: '/health/live' })).statusCode).toBe(200);
    expect((await app.inject({ url: '/health/ready' })).statusCode).toBe(200);
    await fragile.restart();

    const ready = async () => (await others.access.queues.of('refill').depth()).ready;
    await expect.poll(() => ready().catch(() => 0), { timeout: 30_000, interval: 100 }).toBe(tasks.length);
    await others.close();
  });
});

describe('a scheduler whose PostgreSQL is killed and comes back', () => {
  let fragile: OwnPostgres;

  beforeAll(async () => {
    fragile = await ownPostgres();
  });

  afterAll(() => fragile.close());

  it('is not ready meanwhile, stays alive, and fires its schedules again without a restart', async () => {
    const prefix = `${redis.prefix}pg`;
    const others = await openStores({ databaseUrl: fragile.url, redisUrl: redis.url, prefix });
    const app = await start({ databaseUrl: fragile.url, queueRedisPrefix: prefix }, WithReports);
    const slots = async () => {
      const { items } = await others.store.queries.list({ status: 'all', type: 'noop' }, { page: 1, pageSize: 100 });
      return items.map(({ slotAt }) => slotAt?.getTime() ?? 0);
    };
    await expect.poll(slots, { timeout: 20_000 }).not.toHaveLength(0);

    await fragile.kill('SIGKILL');
    expect((await app.inject({ url: '/health/ready' })).statusCode).toBe(503);
    expect((await app.inject({ url: '/health/live' })).statusCode).toBe(200);
    await fragile.restart();
    const backAtMs = Date.now();

    const newest = async () => Math.max(...(await slots().catch(() => [0])));
    await expect.poll(newest, { timeout: 30_000, interval: 100 }).toBeGreaterThan(backAtMs);
    const ready = async () => (await app.inject({ url: '/health/ready' })).statusCode;
    await expect.poll(ready, { timeout: 10_000 }).toBe(200);
    await stop(app);
    await others.close();
  });
});
