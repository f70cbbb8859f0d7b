import type { TaskStatus } from '@millrace/contracts';

/** Which tasks a list holds. What is left out does not narrow it. */
export interface TaskFilter {
  readonly status: TaskStatus | 'all';
  readonly type?: string | undefined;
  readonly queue?: string | undefined;
  readonly userId?: string | undefined;
  readonly scheduleId?: number | undefined;
  /** Created then or later. */
  readonly createdFrom?: Date | undefined;
  /** Created before. */
  readonly createdTo?: Date | undefined;
  /** Start of the task_id. */
  readonly q?: string | undefined;
}

/** The filter as SQL: conditions on `tasks`, without WHERE, and their parameters from $1. */
export interface FilterSql {
  readonly conditions: readonly string[];
  readonly parameters: readonly unknown[];
}

export function filterSql(filter: TaskFilter): FilterSql {
  const parameters: unknown[] = [];
  const conditions: string[] = [];
  const add = (value: unknown, condition: (parameter: string) => string): void => {
    if (value === undefined) return;
    parameters.push(value);
    conditions.push(condition(`$${parameters.length}`));
  };
  add(filter.status === 'all' ? undefined : filter.status, (p) => `status = ${p}`);
  add(filter.type, (p) => `type = ${p}`);
  add(filter.queue, (p) => `queue = ${p}`);
  add(filter.userId, (p) => `user_id = ${p}`);
  add(filter.scheduleId, (p) => `schedule_id = ${p}`);
  // Nothing ends before it was created, so older partitions of finished tasks need not be looked at.
  add(filter.createdFrom, (p) => `created_at >= ${p} AND (finished_at IS NULL OR finished_at >= ${p})`);
  add(filter.createdTo, (p) => `created_at < ${p}`);
  add(filter.q === undefined ? undefined : `${escapeLike(filter.q)}%`, (p) => `task_id LIKE ${p}`);
  return { conditions, parameters };
}

/** Whether the counters know the total: they count by status, type, queue and user. */
export function isCounted({ scheduleId, createdFrom, createdTo, q }: TaskFilter): boolean {
  return scheduleId === undefined && createdFrom === undefined && createdTo === undefined && q === undefined;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}
