import { Metrics } from '@millrace/runtime';
import { StoreOptions, SubmitNotices } from '@millrace/store';
import { FireSlots, ScheduleControl, TaskControl } from '@millrace/tasks';
import { SchedulerRegistry } from '@nestjs/schedule';
import { withStores, type OpenStores } from '../../tasks/src/stores.fixture';
import { SchedulingOptions } from './scheduling-options';
import { DeclareSchedules } from './declare-schedules';
import { DeclaredSchedules } from './declared-schedules';
import { FireDue } from './fire-due';
import { FunctionRuns } from './function-runs';
import { ObserveSchedules } from './observe-schedules';
import { ReleaseWaiting } from './release-waiting';
import { ScheduleMetrics } from './schedule-metrics';
import { SchedulerMetrics } from './scheduler-metrics';
import { SchedulerService } from './scheduler.service';

export { withStores, type OpenStores };

/** One replica of the scheduler, without its service around it. */
export interface Replica {
  readonly scheduler: SchedulerService;
  readonly declare: DeclareSchedules;
  readonly fire: FireDue;
  readonly observe: ObserveSchedules;
  readonly release: ReleaseWaiting;
  readonly functions: FunctionRuns;
  readonly metrics: Metrics;
}

export function replica(
  { store, access, submitter, policy }: OpenStores,
  notices = silentNotices(),
  settings: Partial<SchedulingOptions> = {},
): Replica {
  const { schedules, tasks, queries, workers } = store;
  const metrics = new Metrics();
  const options = new SchedulingOptions({ application: 'test', scope: 'all', ...settings });
  const declared = new DeclaredSchedules(policy, options);
  const scheduleMetrics = new ScheduleMetrics(metrics);
  const taskControl = new TaskControl(tasks, queries, access.queues, access.cancels);
  const slots = new FireSlots(schedules, tasks, submitter, taskControl, policy);
  const schedulerMetrics = new SchedulerMetrics(metrics);
  const functions = new FunctionRuns(tasks, queries, workers, policy, schedulerMetrics, options);
  const control = new ScheduleControl(schedules, tasks, submitter, policy);
  return {
    scheduler: new SchedulerService(new SchedulerRegistry(), declared, functions, schedulerMetrics),
    declare: new DeclareSchedules(declared, control, schedules, options),
    observe: new ObserveSchedules(schedules, declared, scheduleMetrics, options),
    fire: new FireDue(slots, schedules, declared, notices, scheduleMetrics),
    release: new ReleaseWaiting(slots, declared, scheduleMetrics),
    functions,
    metrics,
  };
}

/** Nobody calls `listen`, so it hears nothing and connects to nothing. */
const silentNotices = () => new SubmitNotices(new StoreOptions({ databaseUrl: 'postgres://nowhere.invalid/none' }));
