import 'reflect-metadata';
import { Injectable, Module } from '@nestjs/common';
import { bootstrap } from '@millrace/runtime';
import { SCHEDULER_SERVICE } from '../../../../apps/scheduler/src/scheduler-service';
import { SchedulerConfig } from '../../../../apps/scheduler/src/scheduler.config';
import { SchedulerModule } from '../../../../apps/scheduler/src/scheduler.module';
import { ScheduledTask } from '../../../../apps/scheduler/src/scheduling/scheduled';

/** A schedule that is due often enough for a run of minutes to say something. */
@Injectable()
class Ticks {
  @ScheduledTask('* * * * * *', { name: 'faults-tick', type: 'effect', options: { maxRetry: 0 } })
  payload(): Record<string, never> {
    return {};
  }
}

/** The scheduler service as it ships, with a schedule of its own. */
@Module({ imports: [SchedulerModule], providers: [Ticks] })
class FaultsSchedulerModule {}

await bootstrap(FaultsSchedulerModule, { ...SCHEDULER_SERVICE, config: SchedulerConfig, port: 'schedulerPort' });
