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
  const entries = held.flatMap(({ claim: { raw: entry, queue } }) => (entry ? [{ entry, queue }] : []));
  if (entries.length === 0) return new Map();
  return tasks.recordRaw(entries.map((raw) => ({ ...raw, dueAt: null, defaults: { maxRetry, retryDelayMs } })));
}
