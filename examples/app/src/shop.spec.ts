import { join } from 'node:path';
import { createService } from '@millrace/runtime';
import { freePort } from '@millrace/stack';
import { migrate, ScheduleRepository, Store, TaskQueries } from '@millrace/store';
import { ScheduleControl } from '@millrace/tasks';
import {
  eventually,
  ServiceProcess,
  testDatabase,
  testRedis,
  type TestDatabase,
  type TestRedis,
} from '@millrace/testing';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Order } from './orders/order.entity';
import { ShopConfig } from './shop.config';
import { SHOP_SERVICE, ShopModule } from './shop.module';

let database: TestDatabase;
let redis: TestRedis;
let shop: NestFastifyApplication;
const processes: ServiceProcess[] = [];

beforeAll(async () => {
  [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  await migrate(database.url);
  shop = await open();
}, 120_000);

/** A shop in this process. */
async function open(): Promise<NestFastifyApplication> {
  const config = Object.assign(new ShopConfig(), {
    ...{ databaseUrl: database.url, redisUrl: redis.url, queueRedisPrefix: redis.prefix },
    ...{ host: '127.0.0.1', authMode: 'none' as const, logLevel: 'fatal', receiptsEnabled: true },
  });
  const app = await createService(ShopModule, { ...SHOP_SERVICE, Config: ShopConfig, config });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return app;
}

afterAll(async () => {
  for (const one of processes) if (one.running) await one.kill('SIGKILL');
  await shop.close();
  await Promise.all([database.drop(), redis.close()]);
});

/** Starts a built program on the stores of this spec. */
async function start(name: string, portVariable: string, bundle?: string, env: Record<string, string> = {}) {
  const port = await freePort(0);
  const started = await ServiceProcess.start(
    name,
    port,
    {
      ...{ NODE_ENV: 'development', HOST: '127.0.0.1', DATABASE_URL: database.url, REDIS_URL: redis.url },
      ...{ QUEUE_REDIS_PREFIX: redis.prefix, [portVariable]: String(port), ...env },
    },
    bundle ? { bundle } : {},
  );
  processes.push(started);
  return started;
}

interface OrderJson {
  readonly id: number;
  readonly receiptSentAt: string | null;
}

const order = (customer: string) => ({ customer, totalCents: 4_200 });

const place = (customer: string) => shop.inject({ method: 'POST', url: '/orders', payload: order(customer) });

const find = async (id: number) => (await shop.inject({ url: `/orders/${id}` })).json<OrderJson>();

const taskOf = (id: number) => shop.get(TaskQueries).findByTaskId(`receipt-${id}`);

async function counts() {
  const { dataSource } = shop.get(Store);
  const [row] = await dataSource.query<unknown[]>(
    `SELECT (SELECT count(*) FROM orders)::integer AS orders, (SELECT count(*) FROM tasks)::integer AS tasks`,
  );
  return row;
}

describe('without a scheduler', () => {
  it('an order whose shop was killed right after the commit, unheard, has its receipt sent all the same', async () => {
    const unlucky = await start('shop', 'SHOP_PORT', join('dist', 'examples', 'app', 'main.js'), {
      RECEIPTS_ENABLED: 'false',
    });
    const answer = await fetch(`${unlucky.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(order('unlucky@example.com')),
    });
    const { id } = (await answer.json()) as OrderJson;
    await unlucky.kill('SIGKILL');
    expect(answer.status).toBe(201);
    expect(await redis.redis.llen(`${redis.prefix}:receipts:tasks`)).toBe(0);
    expect((await taskOf(id))?.status).toBe('pending');

    const late = await start('scheduler', 'SCHEDULER_PORT');

    await eventually(async () => expect((await taskOf(id))?.status).toBe('success'), 60_000);
    expect((await find(id)).receiptSentAt).not.toBeNull();
    expect(await late.kill('SIGTERM')).toBe(0);
  });
});

it('the shop tells whether its stores are there, and whether Redis may drop what waits in it', async () => {
  const up = { status: 'up' };

  await eventually(async () => {
    const answer = await shop.inject({ url: '/health/ready' });
    expect(answer.json()).toMatchObject({ info: { postgres: up, redis: up, redis_eviction: up } });
  }, 20_000);
});

describe('an order', () => {
  let scheduler: ServiceProcess;
  beforeAll(async () => {
    scheduler = await start('scheduler', 'SCHEDULER_PORT');
  });

  /** How many tasks the scheduler queued because a transaction had committed. */
  async function dispatchedByCommit(): Promise<number> {
    const { duties } = (await (await fetch(`${scheduler.url}/stats`)).json()) as {
      duties: { name: string; totals: Record<string, number> }[];
    };
    return duties.find(({ name }) => name === 'dispatch-committed')?.totals['dispatched'] ?? 0;
  }

  it('that is stored has its receipt sent once, dispatched by the commit itself', async () => {
    const { id } = (await place('ann@example.com')).json<OrderJson>();

    await eventually(async () => expect((await taskOf(id))?.status).toBe('success'), 20_000);

    expect((await find(id)).receiptSentAt).not.toBeNull();
    expect(await taskOf(id)).toMatchObject({ attempt: 1, queue: 'receipts', result: { customer: 'ann@example.com' } });
    expect(await dispatchedByCommit()).toBe(1);
  });

  it('that is refused leaves neither a row nor a task', async () => {
    const hurried = { receiptSentAt: null, ...order('bob@example.com') };
    await shop.get(DataSource).manager.save(Order, [{ ...hurried }, { ...hurried }, { ...hurried }]);
    const before = await counts();

    const refused = await place('bob@example.com');

    expect([refused.statusCode, refused.json<{ type: string }>().type]).toEqual([
      409,
      'urn:millrace:problem:too-many-open-orders',
    ]);
    expect(await counts()).toEqual(before);
    expect(await dispatchedByCommit()).toBe(1);
  });

  it('that was stored by a program in another language has its receipt sent as well', async () => {
    const { dataSource } = shop.get(Store);
    await dataSource.query(`
      WITH placed AS (INSERT INTO orders (id, customer, total_cents) VALUES (1000, 'eve@example.com', 100) RETURNING id)
      SELECT millrace_submit('send_receipt', jsonb_build_object('orderId', id), queue => 'receipts', task_id => 'receipt-' || id)
      FROM placed`);

    await eventually(async () => expect((await taskOf(1_000))?.status).toBe('success'), 20_000);
    expect((await find(1_000)).receiptSentAt).not.toBeNull();
  });

  it('that is no order is refused before anything is stored', async () => {
    const before = await counts();

    const answer = await shop.inject({ method: 'POST', url: '/orders', payload: { customer: 'x', totalCents: 0 } });

    expect(answer.statusCode).toBe(400);
    expect(await counts()).toEqual(before);
  });
});

describe('a schedule that stands beside its handler', () => {
  const schedule = () => shop.get(ScheduleRepository).findByName('shop.day-report');

  const reports = async () => {
    const { items } = await shop
      .get(TaskQueries)
      .list({ status: 'success', type: 'day_report' }, { page: 1, pageSize: 10 });
    return items;
  };

  it('is recorded under the name of the shop, which fires it and runs its task', async () => {
    await eventually(
      async () => expect(await schedule()).toMatchObject({ declaredBy: 'shop', source: 'code' }),
      20_000,
    );
    const { dataSource } = shop.get(Store);
    const last = new Date(((await schedule())?.nextSlotAt?.getTime() ?? 0) - 86_400_000);

    await dataSource.query(`UPDATE schedules SET next_slot_at = $1, next_run_at = $1 WHERE name = 'shop.day-report'`, [
      last,
    ]);

    await eventually(async () => expect((await reports()).length).toBeGreaterThan(0), 20_000);
    const first = (await reports()).at(-1);
    expect(first).toMatchObject({ slotAt: last, queue: 'receipts', payload: { until: last.toISOString() } });
    expect(Object.keys(first?.result ?? {})).toEqual(['orders', 'totalCents']);
  });

  it('stays paused through a deployment, and is no orphan while the scheduler runs that does not have it', async () => {
    const scheduler = await start('scheduler', 'SCHEDULER_PORT');
    await shop.get(ScheduleControl).pause('shop.day-report', { reason: 'audit', actor: 'ann' });

    await shop.close();
    shop = await open();

    await eventually(async () => {
      const { declaredAt = null, ...now } = (await schedule()) ?? {};
      expect(declaredAt).toBeInstanceOf(Date);
      expect(now).toMatchObject({ declaredBy: 'shop', paused: true, pauseReason: 'audit', orphanedAt: null });
    }, 20_000);
    expect(await scheduler.kill('SIGTERM')).toBe(0);
  });
});
