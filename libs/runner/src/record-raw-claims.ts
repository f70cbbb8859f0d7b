import type { RawRecorded, TaskRepository } from '@millrace/store';
import type { TaskPolicy } from '@millrace/tasks';
import type { HeldTask } from './held-tasks';

/** Why an entry is set aside whose row PostgreSQL refuses. */
export const UNRECORDABLE = 'PostgreSQL cannot hold a value of it';

/**
 * Gives each of the held entries that Millrace did not write its row, unless it has one. Returns by task id what became of
 * them. Throws `StoreUnavailable`.
 */
export async function recordRawClaims(
  tasks: TaskRepository,
  { maxRetry, retryDelayMs }: Pick<TaskPolicy, 'maxRetry' | 'retryDelayMs'>,
  held: readonly HeldTask[],
): Promise<ReadonlyMap<string, RawRecorded>> {
  const raw = held.filter(({ claim }) => claim.entry.attempt === undefined);
  if (raw.length === 0) return new Map();
  return tasks.recordRaw(
    raw.map(({ claim: { entry, queue } }) => ({ entry, queue, dueAt: null, defaults: { maxRetry, retryDelayMs } })),
  );
}
