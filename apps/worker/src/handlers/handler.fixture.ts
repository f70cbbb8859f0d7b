import type { Json } from '@millrace/contracts';
import type { TaskContext } from '@millrace/runner';
import { WorkerConfig } from '../worker.config';

/** A configuration with some fields changed. */
export function configWith(changes: Partial<WorkerConfig>): WorkerConfig {
  return Object.assign(new WorkerConfig(), changes);
}

/** The context of one attempt outside of any worker; `progress` collects what the handler said. */
export function contextOf(
  changes: { readonly taskId?: string; readonly attempt?: number; readonly signal?: AbortSignal } = {},
): TaskContext & { readonly said: readonly Json[] } {
  const said: Json[] = [];
  const log = () => undefined;
  return {
    task: {
      taskId: changes.taskId ?? 'task-1',
      type: 'test',
      queue: 'default',
      priority: 0,
      userId: null,
      retryCount: 0,
      maxRetry: 3,
      createdAt: new Date(),
      scheduleId: null,
      slotAt: null,
      trace: null,
    },
    attempt: changes.attempt ?? 1,
    signal: changes.signal ?? new AbortController().signal,
    log: { debug: log, info: log, warn: log, error: log },
    progress: (value) => void said.push(value),
    submit: () => Promise.reject(new Error('nothing to submit to')),
    said,
  };
}
