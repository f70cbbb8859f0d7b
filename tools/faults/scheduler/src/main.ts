import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { bootstrap } from '@millrace/runtime';
import { ScheduledFunc, ScheduledTask } from '@millrace/scheduling';
import { DutiesModule } from '../../../../apps/scheduler/src/duties/duties.module';
import { PruneFinished } from '../../../../apps/scheduler/src/duties/prune-finished';
import { SCHEDULER_SERVICE } from '../../../../apps/scheduler/src/scheduler-service';
import { SchedulerConfig } from '../../../../apps/scheduler/src/scheduler.config';
import { SchedulerModule } from '../../../../apps/scheduler/src/scheduler.module';
import { ExclusiveFunctions } from './exclusive-functions';

const SUBMITTED = { type: 'effect', options: { maxRetry: 0 } };

/** Schedules that are due often enough for a run of minutes to say something. */
@Injectable()
class Ticks {
  @ScheduledTask('* * * * * *', { name: 'faults-tick', ...SUBMITTED })
  tick(): Record<string, never> {
    return {};
  }

  @ScheduledTask('* * * * * *', {
    name: 'faults-zone',
    ...SUBMITTED,
    options: { ...SUBMITTED.options, timezone: 'America/New_York' },
  })
  zone(): Record<string, never> {
    return {};
  }

  @ScheduledTask('@every 1s', { name: 'faults-every', ...SUBMITTED })
  every(): Record<string, never> {
    return {};
  }
}

/** The retention as it ships, and every two seconds instead of every ten minutes: what it removes in error is missed soon. */
@Injectable()
class FrequentRetention {
  constructor(private readonly prune: PruneFinished) {}

  @ScheduledFunc('*/2 * * * * *', { name: 'faults-retention' })
  async run(): Promise<void> {
    await this.prune.runOnce();
  }
}

/** The scheduler service as it ships, with schedules of its own. */
@Module({ imports: [SchedulerModule, DutiesModule], providers: [Ticks, FrequentRetention, ExclusiveFunctions] })
class FaultsSchedulerModule {}

await bootstrap(FaultsSchedulerModule, { ...SCHEDULER_SERVICE, config: SchedulerConfig, port: 'schedulerPort' });
