export type { Duty, DutyCounts } from './duty';
export { DutyLoops, type DutyStats } from './duty-loops';
export { ScheduledFunc, ScheduledTask } from './scheduled';
export { InvalidScheduleName } from './scheduler-errors';
export {
  SchedulerService,
  type ExclusiveOptions,
  type FunctionOptions,
  type JobOptions,
  type JobSubmission,
  type ReplicaOptions,
} from './scheduler.service';
export { SchedulingModule } from './scheduling.module';
export { SchedulingOptions } from './scheduling-options';
export type { Fire, JobStats } from './timed-job';
