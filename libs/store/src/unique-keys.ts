import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import { StoreUnavailable } from './store-errors';
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
      WHEN u.expires_at IS NOT NULL
        THEN u.expires_at <= now() OR NOT EXISTS (SELECT FROM task_by_task_id(u.task_id))
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

/** Retention may remove a free key between the look at it and the lock; asking again then gets it. */
const CLAIM_TRIES = 3;

/**
 * Asks for the unique keys of these tasks (each key once) and answers who holds each: the asking task, or another one
 * that had it. A key is free when its time has passed or retention has removed its task; held without a time, when its task
 * has ended.
 */
export async function claimUniqueKeys(
  db: Database,
  tasks: readonly NewTask[],
  manager: EntityManager,
): Promise<Map<string, string>> {
  const holders = new Map<string, string>();
  for (let tries = 0; tries < CLAIM_TRIES; tries += 1) {
    const asking = tasks.filter(({ uniqueKey }) => uniqueKey !== null && !holders.has(uniqueKey));
    if (asking.length === 0) return holders;
    for (const row of await claimSome(db, asking, manager)) holders.set(row.key, row.task_id);
  }
  const unknown = tasks.some(({ uniqueKey }) => uniqueKey !== null && !holders.has(uniqueKey));
  if (unknown) throw new StoreUnavailable('a unique key changed hands too often');
  return holders;
}

/** Says nothing of a key that was removed meanwhile. */
async function claimSome(db: Database, tasks: readonly NewTask[], manager: EntityManager): Promise<KeyRow[]> {
  const asked = tasks.map((task) => ({ key: task.uniqueKey, task_id: task.taskId, for_ms: task.uniqueForMs }));
  const added = await db.query<KeyRow>(ADD, [JSON.stringify(asked)], manager);
  const has = new Set<string | null>(added.map(({ key }) => key));

  const contested = asked.filter(({ key }) => !has.has(key));
  if (contested.length === 0) return added;
  const keys = contested.map(({ key }) => key);
  await db.query(LOCK, [keys], manager);
  return [...added, ...(await db.query<KeyRow>(TAKE_OVER, [JSON.stringify(contested), keys], manager))];
}
