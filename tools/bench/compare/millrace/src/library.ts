import { QueueModule, QueueOptions } from '@millrace/queue';
import { StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TasksModule, TaskSubmitter } from '@millrace/tasks';
import { Module, type DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { Places, System } from '../../host/src/system';
import { StoresWord } from './stores-word';
import { json, TYPE } from './task';

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

/** Submits through `TaskSubmitter`: recorded in PostgreSQL before it is acknowledged. The worker is the one that ships. */
export const library: System = {
  async openProducer(places) {
    const app = await NestFactory.createApplicationContext(ProducerModule.on(places), { logger: ['error', 'warn'] });
    const tasks = app.get(TaskSubmitter);
    const stores = await StoresWord.open(places);
    return {
      submit: (payload) => tasks.submit(TYPE, json(payload)),
      submitMany: (payloads) => tasks.submitMany(payloads.map((payload) => ({ type: TYPE, payload: json(payload) }))),
      submitDelayed: (delayed) =>
        tasks.submitMany(
          delayed.map(({ payload, dueAt }) => ({ type: TYPE, payload: json(payload), options: { runAt: dueAt } })),
        ),
      hold: () => stores.hold(),
      release: () => stores.release(),
      left: () => stores.left(),
      standing: () => stores.standing(),
    };
  },
};
