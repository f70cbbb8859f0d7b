import { Module } from '@nestjs/common';
import { QueueModule, QueueOptions } from '@millrace/queue';
import { storeHealth } from '@millrace/runtime';
import { StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TaskStores, TasksModule } from '@millrace/tasks';
import { ApiConfig } from './api.config';
import { RateLimit } from './rate-limit';
import { RequestDeadline } from './request-deadline';
import { SchedulesModule } from './schedules/schedules.module';
import { Idempotency } from './tasks/idempotency';
import { SubmitController } from './tasks/submit.controller';
import { TaskController } from './tasks/task.controller';
import { TasksController } from './tasks/tasks.controller';
import { TypesController } from './types/types.controller';

/** The REST service: submits, reads, retries and cancels tasks, and keeps schedules. */
@Module({
  imports: [
    QueueModule.forRoot({
      inject: [ApiConfig],
      useFactory: ({ redisUrl, queueRedisPrefix, queueRoutes, taskMaxPayload }: ApiConfig) =>
        new QueueOptions({ redisUrl, prefix: queueRedisPrefix, routes: queueRoutes, maxPayloadBytes: taskMaxPayload }),
    }),
    StoreModule.forRoot({
      inject: [ApiConfig],
      useFactory: ({ databaseUrl, databasePoolSize }: ApiConfig) =>
        new StoreOptions({ databaseUrl, poolSize: databasePoolSize, applicationName: 'millrace-api' }),
    }),
    TasksModule.forRoot({
      inject: [ApiConfig],
      useFactory: ({ queueMaxRetry, queueRetryDelayMs, queueRoutes, taskMaxPayload }: ApiConfig) =>
        new TaskPolicy({
          maxRetry: queueMaxRetry,
          retryDelayMs: queueRetryDelayMs,
          routes: queueRoutes,
          maxPayloadBytes: taskMaxPayload,
        }),
    }),
    SchedulesModule,
  ],
  controllers: [TasksController, TaskController, SubmitController, TypesController],
  // Without Redis the api still records and reads.
  providers: [Idempotency, RateLimit, RequestDeadline, storeHealth(TaskStores, 'helpful')],
})
export class ApiModule {}
