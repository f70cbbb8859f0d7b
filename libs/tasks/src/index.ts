export { checkPayload, InvalidTask, type FieldError } from '@millrace/contracts';
export { retryDelayMs, type RetryPolicy } from './backoff';
export { NonRetryableError, RetryAfterError, SnoozeError } from './control-flow';
export {
  CRASH_LIMIT,
  decideOutcome,
  ISOLATE_AFTER_CRASHES,
  LOSS_LIMIT,
  type DecidedTask,
  type Decision,
  type EndedAttempt,
} from './decide-outcome';
export { describeError } from './describe-error';
export { dispatchOf, dueOf, type DispatchableTask } from './dispatch-of';
export { failureOf, type Failure } from './failure';
export { sanitizeForRecord, sanitizeText } from './sanitize';
export { FireSlots, firingOf, type FiredSlot, type FireReport } from './fire-slots';
export { MAX_BACKFILL_SLOTS, type BackfillRequest } from './operator-runs';
export { recordStarted } from './record-started';
export type { RecordedSlot } from './record-slots';
export {
  MAX_BULK_SCHEDULES,
  ScheduleControl,
  type WriteRequest,
  type WrittenSchedule,
  type ResumedMany,
  type Why,
} from './schedule-control';
export { ScheduleNameTaken, ScheduleNotFound, ScheduleStateConflict, ScheduleVersionMismatch } from './schedule-errors';
export {
  draftSchedule,
  nextSlotOf,
  specOf,
  type ScheduleInput,
  type SchedulePolicies,
  type SlotOptions,
} from './schedule-input';
export type { DeclaredSlots, SlotMaker, SlotMakers, SlotRunner, SlotSubmission } from './slot-task';
export type { Submission, SubmitOptions, SubmittedTask } from './submission';
export { TaskControl, type Cancelled } from './task-control';
export { TaskIdTaken, TaskNotCancellable, TaskNotFound, TaskNotRetryable, TooManyWaiting } from './task-errors';
export { TaskPolicy } from './task-policy';
export { TaskStores } from './task-stores';
export { TasksModule } from './tasks.module';
export { TaskSubmitter } from './task-submitter';
