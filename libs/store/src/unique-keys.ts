import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import type { NewTask } from './task-row';

/** In key order, so that two batches wait for each other's keys in one direction. */
const ADD = `
  INSERT INTO unique_keys (key, task_id, expires_at)
  SELECT key, task_id, now() + for_ms * interval '1 ms'
  FROM jsonb_to_recordset($1::jsonb) AS k (key text, task_id text, for_ms bigint)
  ORDER BY key COLLATE "C"
  ON CONFLICT (key) DO NOTHING
  RETURNING key, task_id`;

const LOCK = `SELECT key FROM unique_keys WHERE key = ANY ($1::text[]) ORDER BY key FOR UPDATE`;

/** Runs after LOCK, in a snapshot of its own: it must see the task of whoever held the lock before. */
const TAKE_OVER = `
  WITH taken AS (
    UPDATE unique_keys u
    SET task_id = k.task_id, created_at = now(), expires_at = now() + k.for_ms * interval '1 ms'
    FROM jsonb_to_recordset($1::jsonb) AS k (key text, task_id text, for_ms bigint)
    WHERE u.key = k.key AND CASE
      WHEN u.expires_at IS NOT NULL THEN u.expires_at <= now()
      ELSE NOT EXISTS (SELECT FROM tasks_pending t WHERE t.task_id = u.task_id)
        AND NOT EXISTS (SELECT FROM tasks_processing t WHERE t.task_id = u.task_id)
    END
    RETURNING u.key, u.task_id
  )
  SELECT key, task_id FROM taken
  UNION ALL
  SELECT key, task_id FROM unique_keys WHERE key = ANY ($2::text[]) AND key NOT IN (SELECT key FROM taken)`;

interface KeyRow {
  readonly key: string;
  readonly task_id: string;
}

/**
 * Asks for the unique keys of these tasks (each key once) and answers who holds each: the asking task, or another one
 * that had it. A key is free when its time has passed or, held without a time, when its task has ended.
 */
export async function claimUniqueKeys(
  db: Database,
  tasks: readonly NewTask[],
  manager: EntityManager,
): Promise<Map<string, string>> {
  if (tasks.length === 0) return new Map();
  const asked = tasks.map((task) => ({ key: task.uniqueKey, task_id: task.taskId, for_ms: task.uniqueForMs }));
  const added = await db.query<KeyRow>(ADD, [JSON.stringify(asked)], manager);
  const holders = new Map(added.map((row) => [row.key, row.task_id]));

  const contested = asked.filter(({ key }) => key !== null && !holders.has(key));
  if (contested.length === 0) return holders;
  const keys = contested.map(({ key }) => key);
  await db.query(LOCK, [keys], manager);
  for (const row of await db.query<KeyRow>(TAKE_OVER, [JSON.stringify(contested), keys], manager)) {
    holders.set(row.key, row.task_id);
  }
  return holders;
}
