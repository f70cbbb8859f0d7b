import { Module } from '@nestjs/common';
import { VERSION } from '@millrace/contracts';
import { QueueModule, QueueOptions } from '@millrace/queue';
import { RunnerModule, RunnerOptions, Tally } from '@millrace/runner';
import { storeHealth } from '@millrace/runtime';
import { StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TaskStores, TasksModule } from '@millrace/tasks';
import { BUILTIN_TYPES } from './builtin-types';
import { BUILTIN_HANDLERS, OWN_HANDLERS } from './handlers';
import { StatsController } from './stats.controller';
import { WorkerConfig } from './worker.config';

/** The worker service: the engine, and the handlers it runs. */
@Module({
  imports: [
    StoreModule.forRoot({
      inject: [WorkerConfig],
      useFactory: ({ databaseUrl, databasePoolSize }: WorkerConfig) =>
        new StoreOptions({
          databaseUrl,
          poolSize: databasePoolSize,
          applicationName: 'millrace-worker',
          plans: 'by_key',
        }),
    }),
    QueueModule.forRoot({
      inject: [WorkerConfig, Tally],
      useFactory: ({ redisUrl, queueRedisPrefix, queueRoutes, taskMaxPayload }: WorkerConfig, tally: Tally) =>
        new QueueOptions({
          redisUrl,
          prefix: queueRedisPrefix,
          routes: queueRoutes,
          maxPayloadBytes: taskMaxPayload,
          onBadEntries: (queue, count) => tally.bad(queue, count),
        }),
    }),
    TasksModule.forRoot({
      inject: [WorkerConfig],
      useFactory: ({ queueMaxRetry, queueRetryDelayMs, queueRoutes, taskMaxPayload }: WorkerConfig) =>
        new TaskPolicy({
          maxRetry: queueMaxRetry,
          retryDelayMs: queueRetryDelayMs,
          routes: queueRoutes,
          maxPayloadBytes: taskMaxPayload,
        }),
    }),
    RunnerModule.forRoot({
      inject: [WorkerConfig],
      useFactory: (config: WorkerConfig) =>
        new RunnerOptions({
          enabled: config.queueEnabled,
          workers: config.queueWorkers,
          isolatedWorkers: config.queueIsolatedWorkers,
          leaseMs: config.queueLeaseMs,
          pollIntervalMs: config.queuePollIntervalMs,
          queues: config.queueQueues,
          shutdownTimeoutMs: config.shutdownTimeoutMs,
          outcomeBuffer: config.workerOutcomeBuffer,
          spillFolder: config.workerSpillFolder || null,
          spillLimitBytes: config.workerSpillLimit,
          leaveOut: BUILTIN_TYPES.filter((type) => !config.workerBuiltinTypes.includes(type)).map(
            (type) => BUILTIN_HANDLERS[type],
          ),
          version: VERSION,
        }),
    }),
  ],
  controllers: [StatsController],
  // A worker without Redis takes nothing.
  providers: [storeHealth(TaskStores, 'required'), ...Object.values(BUILTIN_HANDLERS), ...OWN_HANDLERS],
})
export class WorkerModule {}
