import type { TaskStatus } from '@millrace/contracts';

/**
 * A part of a `WITH` that counts the rows of `gone` as moved from one status to another, for a statement that takes them out
 * of `tasks_uncounted` and puts them back there: no trigger counts it. What has moved is grouped once for both; one row is not.
 */
export function countedMove(from: TaskStatus, to: TaskStatus, rows: 'many' | 'one' = 'many'): string {
  const moved =
    rows === 'many'
      ? 'SELECT count(*) AS n, type, queue, user_id FROM gone GROUP BY type, queue, user_id'
      : 'SELECT 1 AS n, type, queue, user_id FROM gone';
  return `counted AS (
    INSERT INTO task_count_deltas (n, status, type, queue, user_id)
    SELECT moved.n * side.sign, side.status, moved.type, moved.queue, moved.user_id
    FROM (${moved}) AS moved,
      (VALUES (-1, '${from}'), (1, '${to}')) AS side (sign, status)
  )`;
}

/** The same for the rows of `added`, which a statement puts into `tasks_uncounted` anew. */
export function countedInsert(status: TaskStatus): string {
  return `counted AS (
    INSERT INTO task_count_deltas (n, status, type, queue, user_id)
    SELECT count(*), '${status}', type, queue, user_id FROM added GROUP BY type, queue, user_id
  )`;
}
