import { DEFAULT_QUEUE, type QueueTask } from '@millrace/contracts';
import { encodeQueueTask, type Dispatch } from '@millrace/queue';
import type { TaskRow } from '@millrace/store';

/** The columns of a row that its queue entry is made of. */
export type DispatchableTask = Pick<
  TaskRow,
  | 'taskId'
  | 'type'
  | 'queue'
  | 'priority'
  | 'payload'
  | 'userId'
  | 'retryCount'
  | 'maxRetry'
  | 'retryDelayMs'
  | 'backoff'
  | 'timeoutMs'
  | 'attempt'
  | 'crashCount'
  | 'runAt'
  | 'expiresAt'
  | 'createdAt'
  | 'trace'
>;

/**
 * The queue entry of a pending row: everything a worker needs, and the attempt it stands for. With `payloadJson`, the payload as
 * JSON, it is written at once: whoever has that has nothing better to do while PostgreSQL works.
 */
export function dispatchOf(task: DispatchableTask, payloadJson?: string): Dispatch {
  const entry = entryOf(task);
  return payloadJson === undefined
    ? { entry, ...dueOf(task) }
    : { entry, json: encodeQueueTask(entry, payloadJson), ...dueOf(task) };
}

/** When a pending row is due in its queue; nothing when it is at once. */
export function dueOf({ runAt, createdAt }: Pick<TaskRow, 'runAt' | 'createdAt'>): Pick<Dispatch, 'dueAtMs'> {
  // A task that never had a later due moment goes to the ready list whatever the clocks of the two stores say.
  return runAt > createdAt ? { dueAtMs: runAt.getTime() } : {};
}

function entryOf(task: DispatchableTask): QueueTask & { readonly attempt: number } {
  const entry: { -readonly [K in keyof QueueTask]: QueueTask[K] } & { readonly attempt: number } = {
    id: task.taskId,
    attempt: task.attempt,
    name: task.type,
    payload: task.payload,
    priority: task.priority,
    max_retry: task.maxRetry,
    retry_count: task.retryCount,
    retry_delay: task.retryDelayMs,
    created_at: isoText(task.createdAt),
  };
  // Nearly all are in it, and each byte of an entry is one of Redis' memory.
  if (task.queue !== DEFAULT_QUEUE) entry.queue = task.queue;
  if (task.crashCount > 0) entry.crash_count = task.crashCount;
  if (task.backoff) entry.backoff = backoffOf(task.backoff);
  if (task.timeoutMs !== null) entry.timeout = task.timeoutMs;
  if (task.expiresAt) entry.expires_at = task.expiresAt.toISOString();
  if (task.userId !== null) entry.user_id = task.userId;
  if (task.trace) entry.trace = task.trace;
  return entry;
}

function backoffOf({ type, maxMs, jitter }: NonNullable<DispatchableTask['backoff']>) {
  return { type, ...(maxMs !== undefined && { max: maxMs }), ...(jitter !== undefined && { jitter }) };
}

let lastMs = NaN;
let lastText = '';

/** Tasks that were recorded together have one moment, and writing it costs as much as all else of an entry. */
function isoText(instant: Date): string {
  const ms = instant.getTime();
  if (ms !== lastMs) {
    lastText = instant.toISOString();
    lastMs = ms;
  }
  return lastText;
}
