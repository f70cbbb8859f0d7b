import type { QueueTask } from '@millrace/contracts';
import type { Dispatch } from '@millrace/queue';
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

/** The queue entry of a pending row: everything a worker needs, and the attempt it stands for. */
export function dispatchOf(task: DispatchableTask): Dispatch {
  return { entry: entryOf(task), ...dueOf(task) };
}

/** When a pending row is due in its queue; nothing when it is at once. */
export function dueOf({ runAt, createdAt }: Pick<TaskRow, 'runAt' | 'createdAt'>): Pick<Dispatch, 'dueAtMs'> {
  // A task that never had a later due moment goes to the ready list whatever the clocks of the two stores say.
  return runAt > createdAt ? { dueAtMs: runAt.getTime() } : {};
}

function entryOf(task: DispatchableTask): QueueTask & { readonly attempt: number } {
  return {
    id: task.taskId,
    attempt: task.attempt,
    name: task.type,
    payload: task.payload,
    queue: task.queue,
    priority: task.priority,
    max_retry: task.maxRetry,
    retry_count: task.retryCount,
    retry_delay: task.retryDelayMs,
    ...(task.crashCount > 0 && { crash_count: task.crashCount }),
    created_at: task.createdAt.toISOString(),
    ...(task.backoff && { backoff: backoffOf(task.backoff) }),
    ...(task.timeoutMs !== null && { timeout: task.timeoutMs }),
    ...(task.expiresAt && { expires_at: task.expiresAt.toISOString() }),
    ...(task.userId !== null && { user_id: task.userId }),
    ...(task.trace && { trace: task.trace }),
  };
}

function backoffOf({ type, maxMs, jitter }: NonNullable<DispatchableTask['backoff']>) {
  return { type, ...(maxMs !== undefined && { max: maxMs }), ...(jitter !== undefined && { jitter }) };
}
