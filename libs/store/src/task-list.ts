import type { Database, RawRow } from './database';
import { readTask, TASK_COLUMNS } from './task-columns';
import { countByStatus } from './task-counts';
import { isCounted, type TaskFilter } from './task-filter';
import { CREATED_US } from './task-order';
import type { TaskRow } from './task-row';
import { wayTo, type Reading } from './task-sources';
import { countAlong, type Total } from './task-total';

/** Which part of a list. `cursor` continues another page of the same filter and takes the place of `page`. */
export interface PageRequest {
  /** From 1. */
  readonly page: number;
  readonly pageSize: number;
  readonly cursor?: string | undefined;
}

/** Part of a list, newest first. */
export interface TaskPage extends Total {
  readonly items: readonly TaskRow[];
  /** Null: this was the last page. */
  readonly nextCursor: string | null;
}

interface ListedTask {
  readonly task: TaskRow;
  /** Continues the list after this task. */
  readonly cursor: string;
}

/** A page and the total of the whole list. Throws `InvalidCursor`. */
export async function listTasks(db: Database, filter: TaskFilter, page: PageRequest): Promise<TaskPage> {
  const [listed, counted] = await Promise.all([pageOf(db, filter, page), totalOf(db, filter)]);
  const last = listed.length === page.pageSize ? listed.at(-1) : undefined;
  return {
    items: listed.map(({ task }) => task),
    ...(counted.totalRelation === 'exact' ? counted : totalSeen(counted.total, listed.length, page)),
    nextCursor: last?.cursor ?? null,
  };
}

async function pageOf(db: Database, filter: TaskFilter, page: PageRequest): Promise<ListedTask[]> {
  const { pageSize, cursor } = page;
  const offset = offsetOf(page);
  const { order, first } = await wayTo(db, filter, { pageSize, offset, cursor });
  let rows: RawRow[] = [];
  for (let reading: Reading | undefined = first; reading && rows.length < pageSize;) {
    const { from, conditions, parameters }: Reading = reading;
    const where = conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : '';
    rows = await db.query(
      `SELECT ${TASK_COLUMNS}, ${CREATED_US} AS created_us FROM ${from} ${where}
       ORDER BY ${order.by} LIMIT ${pageSize} OFFSET ${offset}`,
      parameters,
    );
    reading = reading.otherwise?.(rows.length);
  }
  return rows.map((row) => ({ task: readTask(row), cursor: order.cursorOf(row) }));
}

async function totalOf(db: Database, filter: TaskFilter): Promise<Total> {
  if (!isCounted(filter)) return countAlong(db, filter);
  const { status, ...counted } = filter;
  const counts = await countByStatus(db, counted);
  const total = status === 'all' ? Object.values(counts).reduce((sum, n) => sum + n, 0) : counts[status];
  return { total, totalRelation: 'exact' };
}

/** A cursor takes the place of the page. */
function offsetOf({ page, pageSize, cursor }: PageRequest): number {
  return cursor === undefined ? (page - 1) * pageSize : 0;
}

/** What a page adds to a count that has not looked at everything: the end of the list, or more tasks than were counted. */
function totalSeen(counted: number, listed: number, page: PageRequest): Total {
  const offset = offsetOf(page);
  const seen = listed === 0 ? 0 : offset + listed;
  const isEnd = page.cursor === undefined && listed < page.pageSize && (listed > 0 || offset === 0);
  return isEnd
    ? { total: seen, totalRelation: 'exact' }
    : { total: Math.max(counted, seen), totalRelation: 'at_least' };
}
