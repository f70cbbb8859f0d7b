import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import { TASK_COLUMNS, taskColumnsWith } from './task-columns';

const EXPIRED = taskColumnsWith('t', {
  status: `'failed'`,
  error_code: `'expired'`,
  error_message: `'expires_at passed before the task started'`,
  finished_at: 'now()',
  updated_at: 'now()',
});

const moveOf = (chosen: string): string => `
  WITH late AS MATERIALIZED (
    SELECT id FROM tasks_pending WHERE expires_at <= now() AND ${chosen}
  ), gone AS (
    DELETE FROM tasks_pending t WHERE t.id = ANY (ARRAY(SELECT id FROM late)) RETURNING ${EXPIRED}
  )
  INSERT INTO tasks_failed (${TASK_COLUMNS}) SELECT * FROM gone RETURNING task_id`;

const EXPIRE_THESE = moveOf('task_id = ANY ($1::text[]) ORDER BY id FOR UPDATE');
/** What somebody else has locked is about to leave the leaf anyhow. */
const EXPIRE_SOME = moveOf('true ORDER BY expires_at LIMIT $1 FOR UPDATE SKIP LOCKED');

/** Fails those of the named pending tasks whose `expires_at` has passed; answers which. */
export async function expireTasks(
  db: Database,
  taskIds: readonly string[],
  manager?: EntityManager,
): Promise<ReadonlySet<string>> {
  if (taskIds.length === 0) return new Set();
  const rows = await db.query<{ task_id: string }>(EXPIRE_THESE, [taskIds], manager);
  return new Set(rows.map((row) => row.task_id));
}

/** Fails up to `limit` pending tasks whose `expires_at` has passed; answers how many. */
export async function expireSomeTasks(db: Database, limit: number): Promise<number> {
  const rows = await db.query(EXPIRE_SOME, [limit]);
  return rows.length;
}
