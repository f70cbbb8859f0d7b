import 'reflect-metadata';
import { QueueModule, QueueOptions, Queues } from '@millrace/queue';
import { Store, StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TasksModule, TaskSubmitter } from '@millrace/tasks';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { BenchPayload, Producer, Places, System } from '../../host/src/system';
import { leftOf, standingOf } from './standing';

const TYPE = 'bench';

/** A program of somebody's own that submits tasks through the library, as docs/transactional-submit.md shows. */
@Module({})
class ProducerModule {
  static on({ databaseUrl, redisUrl }: Places): DynamicModule {
    return {
      module: ProducerModule,
      imports: [
        StoreModule.forRoot({ useFactory: () => new StoreOptions({ databaseUrl, applicationName: 'bench' }) }),
        QueueModule.forRoot({ useFactory: () => new QueueOptions({ redisUrl }) }),
        TasksModule.forRoot({ useFactory: () => new TaskPolicy() }),
      ],
    };
  }
}

/** Millrace through its library: recorded in PostgreSQL before it is acknowledged. The worker is the one that ships. */
export const system: System = {
  async openProducer(places): Promise<Producer> {
    const app = await NestFactory.createApplicationContext(ProducerModule.on(places), { logger: ['error', 'warn'] });
    const tasks = app.get(TaskSubmitter);
    const { dataSource } = app.get(Store);
    const queue = app.get(Queues).of('default');
    return {
      submit: (payload) => tasks.submit(TYPE, json(payload)),
      submitMany: (payloads) => tasks.submitMany(payloads.map((payload) => ({ type: TYPE, payload: json(payload) }))),
      submitDelayed: (delayed) =>
        tasks.submitMany(
          delayed.map(({ payload, dueAt }) => ({ type: TYPE, payload: json(payload), options: { runAt: dueAt } })),
        ),
      left: () => leftOf(dataSource),
      standing: () => standingOf(dataSource, queue),
      close: () => app.close(),
    };
  },
};

const json = (payload: BenchPayload) => ({ ...payload });
