import { TASK_STATUSES, type TaskStatus } from '@millrace/contracts';
import type { Database } from './database';

/** Whose tasks are counted; what is left out does not narrow it. */
export interface CountFilter {
  readonly type?: string | undefined;
  readonly queue?: string | undefined;
  readonly userId?: string | undefined;
}

const NARROW = `($1::text IS NULL OR type = $1) AND ($2::text IS NULL OR queue = $2)`;

/** Totals and what is not folded yet, in one snapshot. */
const COUNT_ALL = `
  SELECT status, sum(n)::float8 AS n FROM (
    SELECT status, n FROM task_counts WHERE ${NARROW}
    UNION ALL
    SELECT status, n FROM task_count_deltas WHERE ${NARROW}
  ) AS c GROUP BY status`;

const COUNT_USER = `
  SELECT status, sum(n)::float8 AS n FROM (
    SELECT status, n FROM task_user_counts WHERE user_id = $3 AND ${NARROW}
    UNION ALL
    SELECT status, n FROM task_count_deltas WHERE user_id = $3 AND ${NARROW}
  ) AS c GROUP BY status`;

/** Exact counts by status, equal to counting the rows. */
export async function countByStatus(db: Database, filter: CountFilter): Promise<Record<TaskStatus, number>> {
  const { type = null, queue = null, userId } = filter;
  const rows = await db.query<{ status: TaskStatus; n: number }>(
    userId === undefined ? COUNT_ALL : COUNT_USER,
    userId === undefined ? [type, queue] : [type, queue, userId],
  );
  const counted = new Map(rows.map((row) => [row.status, row.n]));
  const entries = TASK_STATUSES.map((status) => [status, counted.get(status) ?? 0] as const);
  return Object.fromEntries(entries) as Record<TaskStatus, number>;
}
