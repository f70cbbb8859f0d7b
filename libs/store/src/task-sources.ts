import type { Database } from './database';
import { filterSql, isOfSpan, type TaskFilter } from './task-filter';
import { alongLead, leadsOf, type Lead, type Source } from './task-leads';
import { BY_TASK_ID, isByTaskId, orderOf, type TaskOrder } from './task-order';

/** Most tasks that are all looked up by a part of the filter, 4 ms on five million rows, to be put in order after that. */
const FEW = 2_000;

/** How many of the last submitted tasks of a user, type, queue or schedule are looked at for those of a span, 4 ms on five million rows. */
const LATEST = 2_000;
const LATEST_PAST = 2;

/**
 * How many tasks of a span are looked at in their order, 15 ms on five million rows, and how many more for each one that a late
 * page passes over. When they fill a fifth of the page five times as many are.
 */
const LOOK = 20_000;
const LOOK_PAST = 10;
const LOOK_ON = 5;

/** How a page of a list is read. */
export interface Way {
  readonly order: TaskOrder;
  readonly first: Reading;
}

export interface Reading extends Source {
  /** Where to read when so many tasks were found, which do not fill the page; without it there are no more. */
  readonly otherwise?: ((found: number) => Reading) | undefined;
}

/** Where a page begins. */
export interface PageStart {
  readonly pageSize: number;
  readonly offset: number;
  /** In place of the offset. */
  readonly cursor?: string | undefined;
}

/**
 * The way to a page that costs little wherever in a table its tasks lie. In the order of a list the newest million may have to be
 * passed over: those of a user who has not been here for a month, in a span of the last weeks. The planner does not know it, for it
 * takes columns for independent of each other. So
 *
 * - a few tasks of one user, type, queue or schedule, or whose ids begin alike, are all looked up first;
 * - of many in a span the last submitted ones of that user, type, queue or schedule are looked at; if they do not fill the page the
 *   newest of the span, in their order; and then all that the filter finds, which are put in order;
 * - many whose ids begin alike are listed in the order of these: no index has another one.
 */
export async function wayTo(db: Database, filter: TaskFilter, page: PageStart): Promise<Way> {
  const { cursor } = page;
  const order = orderOf(filter);
  const lead = leadsOf(filter).find(({ column, filter: part }) => column !== null || part.q !== undefined);
  const isSearch = filter.q !== undefined;
  if (!lead || !(isSearch || isOfSpan(filter))) return { order, first: inOrder(filter, order, cursor) };
  // A search goes on in the order in which it has begun.
  const isFew = isSearch && cursor !== undefined ? !isByTaskId(cursor) : await areFew(db, filter, lead);
  if (isFew) return { order, first: found(filter, { lead, order, cursor }) };
  if (isSearch) return { order: BY_TASK_ID, first: inOrder(filter, BY_TASK_ID, cursor) };
  return { order, first: latest(filter, { lead, order, page }) };
}

async function areFew(db: Database, { status }: TaskFilter, lead: Lead): Promise<boolean> {
  const { from, parameters } = alongLead({ status, ...lead.filter }, lead, { limit: FEW + 1 });
  const [row] = await db.query<{ n: number }>(`SELECT count(*)::integer AS n FROM ${from}`, parameters);
  return (row?.n ?? 0) <= FEW;
}

/** In the order of an index, each looked at until the page is full. */
function inOrder(filter: TaskFilter, order: TaskOrder, cursor: string | undefined): Source {
  const { conditions, parameters } = filterSql(filter, { lead: order.lead });
  return { from: 'tasks', conditions: [...conditions, ...startOf(order, cursor)], parameters };
}

function found(
  filter: TaskFilter,
  { lead, order, cursor }: { readonly lead: Lead; readonly order: TaskOrder; readonly cursor: string | undefined },
): Source {
  const { from, conditions, parameters } = alongLead(filter, lead, { limit: 'ALL' });
  return { from, conditions: [...conditions, ...startOf(order, cursor)], parameters };
}

/**
 * The last submitted ones of a user, type, queue or schedule, as far as it is certain that all others were created before them: ids
 * rise, so whatever has a lower one was there before the first of them had ended. What cancels a task may have begun before that
 * was there.
 */
function latest(
  filter: TaskFilter,
  { lead, order, page }: { readonly lead: Lead; readonly order: TaskOrder; readonly page: PageStart },
): Reading {
  const limit = LATEST + LATEST_PAST * page.offset;
  const { from, conditions, parameters } = alongLead(filter, lead, { limit, newestFirst: true });
  return {
    from: `(SELECT *, min(greatest(created_at, coalesce(finished_at, now()))) OVER () AS all_there_at FROM ${from}) AS tasks`,
    conditions: [...conditions, 'created_at >= all_there_at', ...startOf(order, page.cursor)],
    parameters,
    otherwise: () => newest(filter, order, page),
  };
}

/** The newest of a span, then more of them or all that the filter finds, by how many there were. */
function newest(filter: TaskFilter, order: TaskOrder, { pageSize, offset, cursor }: PageStart): Reading {
  const { createdFrom, createdTo, status, ...rest } = filter;
  const { conditions, parameters } = filterSql({ status, createdFrom, createdTo });
  const where = [...conditions, ...startOf(order, cursor)].join(' AND ');
  const look = (limit: number, otherwise: Reading['otherwise']): Reading => ({
    from: `(SELECT * FROM tasks WHERE ${where} ORDER BY ${order.by} LIMIT ${limit}) AS tasks`,
    ...filterSql({ status: 'all', ...rest }, { given: parameters }),
    otherwise,
  });
  const limit = LOOK + LOOK_PAST * offset;
  const inAll = () => all(filter, order, cursor);
  return look(limit, (found) => (found * LOOK_ON < pageSize ? inAll() : look(limit * LOOK_ON, inAll)));
}

/** Without an order, so that the planner takes the index that finds the fewest. */
function all(filter: TaskFilter, order: TaskOrder, cursor: string | undefined): Source {
  const { conditions, parameters } = filterSql(filter);
  const where = [...conditions, ...startOf(order, cursor)].join(' AND ');
  return { from: `(SELECT * FROM tasks WHERE ${where} OFFSET 0) AS tasks`, conditions: [], parameters };
}

function startOf(order: TaskOrder, cursor: string | undefined): string[] {
  const start = cursor === undefined ? order.start : order.after(cursor);
  return start === null ? [] : [start];
}
