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

/** The filter as SQL: conditions on `tasks`, without WHERE, and all parameters of the statement, from $1. */
export interface FilterSql {
  readonly conditions: readonly string[];
  readonly parameters: readonly unknown[];
}

/** Columns with an index that goes on by id. */
export type LeadColumn = 'type' | 'queue' | 'user_id' | 'schedule_id';

/** How the conditions are going to be used. */
export interface FilterUse {
  /**
   * A column that the filter names: its value is $1 and the condition a lower bound; where the list starts is for its order to
   * say. As bounds, for the planner leaves out of ORDER BY what equals a constant.
   */
  readonly lead?: LeadColumn | null;
  /**
   * Whether partitions of tasks that ended before the span are left out. The condition that does so has each row read, and lets the
   * planner expect far too few: it takes creation and end for independent of each other.
   */
  readonly skipsOlder?: boolean;
  /** Parameters that the statement has before those of the filter. */
  readonly given?: readonly unknown[];
}

export function filterSql(
  filter: TaskFilter,
  { lead = null, skipsOlder = true, given = [] }: FilterUse = {},
): FilterSql {
  const columns: readonly (readonly [string, unknown])[] = [
    ['status', filter.status === 'all' ? undefined : filter.status],
    ['type', filter.type],
    ['queue', filter.queue],
    ['user_id', filter.userId],
    ['schedule_id', filter.scheduleId],
  ];
  const parameters: unknown[] = [...given];
  const conditions: string[] = [];
  const add = (value: unknown, condition: (parameter: string) => string): void => {
    if (value === undefined) return;
    parameters.push(value);
    conditions.push(condition(`$${parameters.length}`));
  };
  for (const [column, value] of columns) if (column === lead) add(value, (p) => `${column} >= ${p}`);
  for (const [column, value] of columns) if (column !== lead) add(value, (p) => `${column} = ${p}`);
  // Nothing ends before it was created.
  const notOlder = (p: string) => (skipsOlder ? ` AND (finished_at IS NULL OR finished_at >= ${p})` : '');
  add(filter.createdFrom, (p) => `created_at >= ${p}${notOlder(p)}`);
  add(filter.createdTo, (p) => `created_at < ${p}`);
  add(filter.q === undefined ? undefined : startsWith(filter.q), (p) => `task_id LIKE ${p}`);
  return { conditions, parameters };
}

/** Whether it asks for tasks that were created in a span of time. */
export function isOfSpan({ createdFrom, createdTo }: Omit<TaskFilter, 'status'>): boolean {
  return createdFrom !== undefined || createdTo !== undefined;
}

/** Whether the counters know the total: they count by status, type, queue and user. */
export function isCounted(filter: TaskFilter): boolean {
  return filter.scheduleId === undefined && filter.q === undefined && !isOfSpan(filter);
}

function startsWith(text: string): string {
  return `${text.replace(/[\\%_]/g, '\\$&')}%`;
}
