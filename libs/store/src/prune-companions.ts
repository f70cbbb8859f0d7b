import type { Database } from './database';
import type { Retention } from './partition-plan';

/** Rows deleted by one statement, and statements for one table in one run. */
const ROWS = 5_000;
const ROUNDS = 40;

/** A key without a time is young while its task may still be on its way in. */
const UNIQUE_KEY_GRACE = `interval '1 day'`;

const someOf = (table: string, condition: string): string => `
  WITH gone AS (
    DELETE FROM ${table} WHERE ctid = ANY (ARRAY(SELECT k.ctid FROM ${table} k WHERE ${condition} LIMIT ${ROWS})) RETURNING 1
  )
  SELECT count(*)::integer AS n FROM gone`;

const IDEMPOTENCY_KEYS = someOf('idempotency_keys', 'k.expires_at <= now()');

const EXPIRED_UNIQUE_KEYS = someOf('unique_keys', 'k.expires_at <= now()');

const ENDED_UNIQUE_KEYS = someOf(
  'unique_keys',
  `k.expires_at IS NULL AND k.created_at < now() - ${UNIQUE_KEY_GRACE}
   AND NOT EXISTS (SELECT FROM tasks_pending t WHERE t.task_id = k.task_id)
   AND NOT EXISTS (SELECT FROM tasks_processing t WHERE t.task_id = k.task_id)`,
);

/** By the time they were decided about: a backfill's slots are past from the start. Those that wait have a task to come. */
const SLOTS = someOf(
  'schedule_slots',
  `k.created_at < now() - $1::float8 * interval '1 ms' AND k.outcome <> 'waiting'`,
);

const ZERO_USER_COUNTS = someOf('task_user_counts', 'k.n = 0');

/** Removes what accompanied tasks that are gone: keys that are free, old slots, counts of nothing. Bounded: see `done`. */
export async function pruneCompanions(db: Database, retention: Retention): Promise<{ readonly done: boolean }> {
  const longestMs = Math.max(retention.successMs, retention.failedMs, retention.cancelledMs);
  const done = [
    await deleteAll(db, IDEMPOTENCY_KEYS),
    await deleteAll(db, EXPIRED_UNIQUE_KEYS),
    await deleteAll(db, ENDED_UNIQUE_KEYS),
    await deleteAll(db, SLOTS, [longestMs]),
    await deleteAll(db, ZERO_USER_COUNTS),
  ];
  return { done: done.every(Boolean) };
}

/** Removes the attempts of all tasks in a partition that is about to go. */
export async function pruneAttemptsOf(db: Database, partition: string): Promise<void> {
  await deleteAll(db, someOf('task_attempts', `EXISTS (SELECT FROM ${partition} t WHERE t.task_id = k.task_id)`));
}

async function deleteAll(db: Database, sql: string, parameters: readonly unknown[] = []): Promise<boolean> {
  for (let round = 0; round < ROUNDS; round += 1) {
    const [gone] = await db.query<{ n: number }>(sql, parameters);
    if ((gone?.n ?? 0) < ROWS) return true;
  }
  return false;
}
