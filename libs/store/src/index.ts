export type { EntityManager } from 'typeorm';
export { AttemptQueries, type ShownAttempt } from './attempt-queries';
export type { StatusChange } from './change-status';
export { CountFolder } from './count-folder';
export { Database } from './database';
export { AttemptEntity, ScheduleEntity, TaskEntity, WorkerEntity, type TypeInfo } from './entities';
export { IdempotencyRepository, type IdempotentAnswer, type IdempotentRequest } from './idempotency-repository';
export { migrate, requiredSchemaVersion, schemaVersion } from './migrate';
export type { CandidatePage, MissingCandidate } from './missing-candidates';
export { mayWait } from './insert-tasks';
export { DEFAULT_RETENTION, type Retention } from './partition-plan';
export { LiveVacuum } from './live-vacuum';
export { Partitions, type Pruned } from './partitions';
export type { LockedSchedules, NextRun } from './due-schedules';
export type { WatchedSchedule } from './watched-schedules';
export type { PutRequest } from './schedule-changes';
export { ScheduleRepository } from './schedule-repository';
export type {
  NewSlot,
  Firing,
  FiringScope,
  NextSlot,
  ScheduleAdvance,
  ScheduleAudit,
  ScheduleDefinition,
  ScheduleFilter,
  SchedulePage,
  SchedulePageRequest,
  SchedulePut,
  ScheduleRow,
  ScheduleRun,
  ScheduleSource,
  ScheduleTiming,
  ScheduleUnderWay,
  ScheduleVersion,
} from './schedule-row';
export type { ScheduleResume } from './schedule-bulk';
export type { NamedAudit, NamedVersion, VersionPlace } from './schedule-history';
export { slotKey, type ReleasableSlot, type SlotKeys } from './schedule-slots';
export { openStore, Store } from './store';
export {
  IdempotencyKeyReused,
  IllegalTransition,
  InvalidCursor,
  LockTimedOut,
  NotInTransaction,
  StoreUnavailable,
  UnstorableData,
} from './store-errors';
export { StoreOptions } from './store-options';
export { StoreModule } from './store.module';
export { SubmitNotices } from './submit-notices';
export type { CountFilter } from './task-counts';
export type { TaskFilter } from './task-filter';
export type { PageRequest, TaskPage } from './task-list';
export { TaskQueries, type RecentFailure, type RunningTask, type TaskStanding } from './task-queries';
export { ANONYMOUS, TaskRepository } from './task-repository';
export type {
  AttemptRow,
  InsertResult,
  NewTask,
  OutcomeRecord,
  ProgressRecord,
  RawEntry,
  RawRecorded,
  RecordedOutcome,
  RefusalReason,
  Rescue,
  Start,
  StartedTask,
  StartResult,
  TaskRow,
} from './task-row';
export { isLegalTransition, LEGAL_TRANSITIONS } from './transitions';
export { WorkerRepository, type NewWorker, type WorkerRow } from './worker-repository';
