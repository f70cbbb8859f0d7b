import { filterSql, type FilterSql, type LeadColumn, type TaskFilter } from './task-filter';

/** An index that has all a filter asks for, and in whose order its tasks are counted. */
interface CountIndex {
  readonly order: string;
  readonly lead: LeadColumn | null;
  readonly conditions: readonly string[];
}

/** By status, which is a table of its own each: a condition on it would have every row looked up that an index has found. */
const TABLES: Readonly<Record<TaskFilter['status'], string>> = {
  all: 'tasks',
  pending: 'tasks_pending',
  processing: 'tasks_processing',
  success: 'tasks_success',
  failed: 'tasks_failed',
  cancelled: 'tasks_cancelled',
};

/**
 * Counts the tasks of a list that the counters do not know, up to `limit`: one row with `n`.
 *
 * Along an index where one suffices. Without an order the planner expects what it looks for to be spread all over a table, and reads
 * a large one from its start until it has found enough; but tasks lie in it as they came, and those of a span may be at its end.
 * The oldest first, which are at rest: where tasks come and go an index leads to dead rows, and to pages that must be read to know.
 */
export function totalSql(
  filter: TaskFilter,
  limit: number,
): { readonly text: string; readonly parameters: readonly unknown[] } {
  const index = indexOf(filter);
  if (!index) return counting('tasks', filterSql(filter), '', limit);
  // To find nothing in an older partition by its index costs less than to read when each task of the others ended.
  const { conditions, parameters } = filterSql({ ...filter, status: 'all' }, { lead: index.lead, skipsOlder: false });
  const all = { conditions: [...conditions, ...index.conditions], parameters };
  return counting(TABLES[filter.status], all, `ORDER BY ${index.order}`, limit);
}

function counting(table: string, { conditions, parameters }: FilterSql, order: string, limit: number) {
  const tasks = `SELECT FROM ${table} WHERE ${conditions.join(' AND ')} ${order} LIMIT ${limit}`;
  return { text: `SELECT count(*)::integer AS n FROM (${tasks}) AS c`, parameters };
}

/** Null: more than one is needed, and the planner weighs them. */
function indexOf({ type, queue, userId, scheduleId, createdFrom, createdTo, q }: TaskFilter): CountIndex | null {
  const isSpan = createdFrom !== undefined || createdTo !== undefined;
  const asked = [type, queue, userId, scheduleId, q, isSpan || undefined].filter((part) => part !== undefined);
  if (asked.length !== 1) return null;
  if (isSpan) return { order: 'created_at, id', lead: null, conditions: [] };
  if (q !== undefined) return { order: 'task_id', lead: null, conditions: [] };
  return scheduleId === undefined
    ? null
    : { order: 'schedule_id, id', lead: 'schedule_id', conditions: ['schedule_id <= $1'] };
}
