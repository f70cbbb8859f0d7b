import { Logger } from '@nestjs/common';
import type { RawRecorded, TaskRepository } from '@millrace/store';
import type { TaskPolicy } from '@millrace/tasks';
import type { HeldTask } from './held-tasks';

const logger = new Logger('RecordRawClaims');

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
  const recorded = await tasks.recordRaw(
    raw.map(({ claim: { entry, queue } }) => ({ entry, queue, dueAt: null, defaults: { maxRetry, retryDelayMs } })),
  );
  for (const [taskId, result] of recorded) {
    // The gate finds no row for it and drops the entry.
    if (result === 'invalid') logger.warn('A raw entry holds what no row can hold', { taskId });
  }
  return recorded;
}
