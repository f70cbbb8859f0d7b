export { CancelSignals } from './cancel-signals';
export { RedisConnections } from './connections';
export { createQueues, type QueueAccess } from './create-queues';
export { QueueClient, type Submission } from './queue-client';
export type {
  BadHold,
  Claim,
  Dispatch,
  ExpiredHold,
  Hold,
  IndexTrust,
  LostHold,
  QueueDepth,
  Returned,
  TakenEntry,
  UnrecordedEntry,
  WaitingTask,
} from './queue-entries';
export { MalformedEntry, QueueUnavailable, UnsupportedRedis } from './queue-errors';
export { QueueOptions, type BadEntriesListener, type QueueSettings } from './queue-options';
export { decodeQueueTask, encodeQueueTask } from './queue-task-codec';
export { faultOf } from './read-taken';
export { QueueModule, type QueueModuleOptions } from './queue.module';
export { Queues, type EpochCheck } from './queues';
export { RateLimiter, type RateLimit, type RateLimitAnswer } from './rate-limiter';
export { monotonicMs } from './renewal-beats';
export type { RenewalThread, RenewalThreadSettings } from './renewal-thread';
export { TaskQueue } from './task-queue';
export { newTaskId } from './task-id';
