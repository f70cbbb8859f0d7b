import { QueueModule, QueueOptions } from '@millrace/queue';
import { storeHealth } from '@millrace/runtime';
import { SchedulingModule, SchedulingOptions } from '@millrace/scheduling';
import { StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TaskStores, TasksModule } from '@millrace/tasks';
import { Module } from '@nestjs/common';
import { DutiesModule } from './duties/duties.module';
import { SchedulerConfig } from './scheduler.config';
import { SchedulesModule } from './schedules/schedules.module';
import { StatsController } from './stats.controller';

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
    SchedulingModule.forRoot({
      inject: [SchedulerConfig],
      useFactory: (config: SchedulerConfig) =>
        new SchedulingOptions({
          application: 'scheduler',
          scope: 'all',
          leaseMs: config.queueLeaseMs,
          metricsLimit: config.scheduleMetricsLimit,
        }),
    }),
    DutiesModule,
    SchedulesModule,
  ],
  controllers: [StatsController],
  // Without Redis the scheduler still records what its schedules submit.
  providers: [storeHealth(TaskStores, 'helpful')],
})
export class SchedulerModule {}
