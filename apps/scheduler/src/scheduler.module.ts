import { QueueModule, QueueOptions } from '@millrace/queue';
import { StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TasksModule } from '@millrace/tasks';
import { Module } from '@nestjs/common';
import { DutiesModule } from './duties/duties.module';
import { SchedulerConfig } from './scheduler.config';
import { SchedulesModule } from './schedules/schedules.module';
import { SchedulingModule } from './scheduling/scheduling.module';
import { StatsController } from './stats.controller';
import { STORE_HEALTH } from './store-health';

/** Fires schedules, repairs what outages leave behind, and prunes; any number of replicas may run. */
@Module({
  imports: [
    StoreModule.forRoot({
      inject: [SchedulerConfig],
      useFactory: (config: SchedulerConfig) =>
        new StoreOptions({
          databaseUrl: config.databaseUrl,
          poolSize: config.databasePoolSize,
          applicationName: 'millrace-scheduler',
        }),
    }),
    QueueModule.forRoot({
      inject: [SchedulerConfig],
      useFactory: (config: SchedulerConfig) =>
        new QueueOptions({
          redisUrl: config.redisUrl,
          prefix: config.queueRedisPrefix,
          routes: config.queueRoutes,
          maxPayloadBytes: config.taskMaxPayload,
        }),
    }),
    TasksModule.forRoot({
      inject: [SchedulerConfig],
      useFactory: (config: SchedulerConfig) =>
        new TaskPolicy({
          maxRetry: config.queueMaxRetry,
          retryDelayMs: config.queueRetryDelayMs,
          routes: config.queueRoutes,
          maxPayloadBytes: config.taskMaxPayload,
        }),
    }),
    SchedulingModule,
    DutiesModule,
    SchedulesModule,
  ],
  controllers: [StatsController],
  providers: [STORE_HEALTH],
})
export class SchedulerModule {}
