export { NonRetryableError, RetryAfterError, SnoozeError } from '@millrace/tasks';
export { AttemptSuperseded, AttemptTimedOut, TaskCancelled, WorkerStopping, type AbortReason } from './abort-reasons';
export { DuplicateHandler, HandlerRegistry, type RegisteredHandler } from './handler-registry';
export { readPayload } from './read-payload';
export { RunnerModule } from './runner.module';
export { RunnerOptions } from './runner-options';
export { parseServedQueues } from './served-queues';
export { Tally, type Totals } from './tally';
export type { TaskContext, TaskFacts, TaskLog } from './task-context';
export {
  InvalidHandler,
  TaskHandler,
  type Handler,
  type HandlerSettings,
  type Isolation,
  type TaskHandlerOptions,
} from './task-handler';
export { Worker } from './worker';
export type { WorkerStats } from './worker-stats';
