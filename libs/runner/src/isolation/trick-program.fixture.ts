/** A whole service with the handlers of the specs: as a process of its own, and in the cells of a worker of a spec. */
import 'reflect-metadata';
import { Module } from '@nestjs/common';
import { IsBoolean, IsInt } from 'class-validator';
import { QueueModule, QueueOptions } from '@millrace/queue';
import { bootstrap, DurationSetting, IsDuration, ServiceConfig, Setting } from '@millrace/runtime';
import { StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TasksModule } from '@millrace/tasks';
import { RunnerModule } from '../runner.module';
import { RunnerOptions } from '../runner-options';
import { TRICK_HANDLERS } from './tricks.fixture';

class TrickConfig extends ServiceConfig {
  @Setting({ doc: 'Port.' })
  @IsInt()
  trickPort = 0;

  @Setting({ doc: 'Whether a cell of it fails to start.' })
  @IsBoolean()
  trickBroken = false;

  @DurationSetting({ doc: 'Lease.' })
  @IsDuration({ minMs: 100, maxMs: 60_000 })
  queueLeaseMs = 1_000;
}

const inject = [TrickConfig];

@Module({
  imports: [
    StoreModule.forRoot({
      inject,
      useFactory: ({ databaseUrl, trickBroken }: TrickConfig) => {
        if (trickBroken) throw new Error('TRICK_BROKEN is set');
        return new StoreOptions({ databaseUrl, poolSize: 2 });
      },
    }),
    QueueModule.forRoot({
      inject,
      useFactory: ({ redisUrl, queueRedisPrefix }: TrickConfig) =>
        new QueueOptions({ redisUrl, prefix: queueRedisPrefix }),
    }),
    TasksModule.forRoot({ useFactory: () => new TaskPolicy() }),
    RunnerModule.forRoot({
      inject,
      useFactory: ({ queueLeaseMs }: TrickConfig) =>
        new RunnerOptions({ leaseMs: queueLeaseMs, workers: 20, isolatedWorkers: 2 }),
    }),
  ],
  providers: [...TRICK_HANDLERS],
})
class TrickModule {}

await bootstrap(TrickModule, { service: 'tricks', version: 'spec', config: TrickConfig, port: 'trickPort' });
