import { createService, Program, ServiceConfig } from '@millrace/runtime';
import { QueueModule, QueueOptions } from '@millrace/queue';
import { migrate, ScheduleRepository, StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TasksModule } from '@millrace/tasks';
import { eventually, testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { Injectable, Module } from '@nestjs/common';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DutyLoops } from './duty-loops';
import { ScheduledFunc, ScheduledTask } from './scheduled';
import { SchedulerService } from './scheduler.service';
import { SchedulingModule } from './scheduling.module';
import { SchedulingOptions } from './scheduling-options';

let database: TestDatabase;
let redis: TestRedis;
beforeAll(async () => {
  [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  await migrate(database.url, () => undefined);
});
afterAll(() => Promise.all([database.drop(), redis.close()]));

class ShopConfig extends ServiceConfig {}

@Injectable()
class Reports {
  @ScheduledTask('@daily', { name: 'report', type: 'noop' })
  payload() {
    return {};
  }

  @ScheduledFunc('@daily', { name: 'refresh' })
  refresh() {
    return undefined;
  }
}

@Module({
  imports: [
    StoreModule.forRoot({ useFactory: () => new StoreOptions({ databaseUrl: database.url }) }),
    QueueModule.forRoot({ useFactory: () => new QueueOptions({ redisUrl: redis.url, prefix: redis.prefix }) }),
    TasksModule.forRoot({ useFactory: () => new TaskPolicy() }),
    SchedulingModule.forRoot({
      useFactory: () =>
        new SchedulingOptions({
          application: 'shop',
          schedules: { 'of-options': { every: '1h', type: 'noop', payload: {} } },
        }),
    }),
  ],
  providers: [Reports],
})
class Shop {}

/** The shop as a service or as one of its cells. */
async function open(role: Program['role']) {
  const config = Object.assign(new ShopConfig(), { databaseUrl: database.url, redisUrl: redis.url });
  const settings = { logLevel: 'fatal' as const, host: '127.0.0.1', authMode: 'none' as const };
  const app = await createService(Shop, {
    ...{ service: 'shop', version: '0.0.0', Config: ShopConfig, config: Object.assign(config, settings) },
    program: new Program(null, role),
  });
  await app.init();
  return app;
}

it('a cell neither declares nor fires nor runs anything of the schedules that its service keeps', async () => {
  const cell = await open('cell');

  expect(cell.get(SchedulerService).stats()).toEqual([]);
  expect(
    cell
      .get(DutyLoops)
      .stats()
      .every(({ runs, lastRunAt }) => runs === 0 && lastRunAt === null),
  ).toBe(true);
  await cell.close();
});

it('a service keeps the schedules of its code and of its options', async () => {
  const service = await open('service');

  await eventually(async () => {
    const { items } = await service.get(ScheduleRepository).list({}, { pageSize: 10 });
    expect(items.map(({ name, declaredBy }) => [name, declaredBy])).toEqual([
      ['of-options', 'shop'],
      ['report', 'shop'],
    ]);
  }, 10_000);
  expect(
    service
      .get(SchedulerService)
      .stats()
      .map(({ name }) => name),
  ).toEqual(['of-options', 'refresh', 'report']);
  await service.close();
});
