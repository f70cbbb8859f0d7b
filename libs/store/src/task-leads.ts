import { filterSql, isOfSpan, type FilterSql, type LeadColumn, type TaskFilter } from './task-filter';

/** A part of a filter that one index has, and the order in which it has its tasks. */
export interface Lead {
  readonly filter: Omit<TaskFilter, 'status'>;
  readonly order: readonly string[];
  readonly column: LeadColumn | null;
}

/** Each status is a table of its own: a condition on it would have every row looked up that an index has found. */
const tableOf = (status: TaskFilter['status']) => (status === 'all' ? 'tasks' : `tasks_${status}`);

/** Those first that mostly have the fewest tasks. */
export function leadsOf(asked: TaskFilter): Lead[] {
  const { type, queue, userId, scheduleId, createdFrom, createdTo, q } = asked;
  const leads: Lead[] = [];
  const byColumn = (column: LeadColumn, filter: Lead['filter']) =>
    leads.push({ filter, order: [column, 'id'], column });
  if (q !== undefined) leads.push({ filter: { q }, order: ['task_id'], column: null });
  if (scheduleId !== undefined) byColumn('schedule_id', { scheduleId });
  if (userId !== undefined) byColumn('user_id', { userId });
  if (isOfSpan(asked)) leads.push({ filter: { createdFrom, createdTo }, order: ['created_at', 'id'], column: null });
  if (type !== undefined) byColumn('type', { type });
  if (queue !== undefined) byColumn('queue', { queue });
  return leads;
}

/** Where tasks are read, and what they are asked for there. */
export interface Source extends FilterSql {
  /** For FROM, under the name `tasks`. */
  readonly from: string;
}

/** How far an index is read, and from which end. */
export interface Along {
  readonly limit: number | 'ALL';
  readonly newestFirst?: boolean;
}

/**
 * The first `limit` tasks along the index of a lead, and what the filter asks for besides.
 *
 * With an order, for without one the planner expects what it looks for to be spread all over a table, and reads a large one from
 * its start until it has found enough; but tasks lie in it as they came, and those of a span may be at its end. The oldest first if
 * nothing speaks for the others: where tasks come and go an index leads to dead rows, and to pages that must be read to know.
 */
export function alongLead(
  { status, ...asked }: TaskFilter,
  { filter, order, column }: Lead,
  { limit, newestFirst = false }: Along,
): Source {
  // To find nothing in an older partition by its index costs less than to read when each task of the others ended.
  const along = filterSql({ status: 'all', ...filter }, { lead: column, skipsOlder: false });
  const bounds = column === null ? along.conditions : [...along.conditions, `${column} <= $1`];
  const by = order.map((part) => (newestFirst ? `${part} DESC` : part)).join(', ');
  const rest = Object.fromEntries(Object.entries(asked).filter(([part]) => !(part in filter)));
  return {
    from: `(SELECT * FROM ${tableOf(status)} WHERE ${bounds.join(' AND ')} ORDER BY ${by} LIMIT ${limit}) AS tasks`,
    ...filterSql({ status: 'all', ...rest }, { skipsOlder: false, given: along.parameters }),
  };
}
