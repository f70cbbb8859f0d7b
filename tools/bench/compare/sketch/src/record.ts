import type { Client } from 'pg';

/**
 * The leanest record of tasks that was measured: a time-ordered key, two indexes for lists, none that names a column which
 * changes, and room in each page for the row's next versions.
 */
const TABLE = `
  CREATE TABLE sketch_tasks (
    id uuid PRIMARY KEY,
    type text NOT NULL,
    user_id text,
    status text NOT NULL DEFAULT 'pending',
    payload jsonb NOT NULL,
    attempt integer NOT NULL DEFAULT 0,
    worker_id text,
    created_at timestamptz NOT NULL DEFAULT now(),
    started_at timestamptz,
    finished_at timestamptz
  ) WITH (fillfactor = 70);
  CREATE INDEX ON sketch_tasks (type, id);
  CREATE INDEX ON sketch_tasks (user_id, id)`;

const INSERT = `
  INSERT INTO sketch_tasks (id, type, payload)
  SELECT id, 'bench', payload FROM unnest($1::uuid[], $2::jsonb[]) AS rows (id, payload)`;

/** Bounded by the ids of the batch as well, which halves what finding the rows costs. */
const ROWS = `WHERE id = ANY ((SELECT $1::uuid[])::uuid[]) AND id BETWEEN $2 AND $3`;
const START = `
  UPDATE sketch_tasks SET status = 'processing', started_at = now(), attempt = attempt + 1, worker_id = 'w'
  ${ROWS} AND status = 'pending'`;
const FINISH = `
  UPDATE sketch_tasks SET status = 'success', finished_at = now() ${ROWS} AND status = 'processing'`;

const STANDING = `
  SELECT (count(*) FILTER (WHERE status = 'success'))::integer AS done,
    (count(*) FILTER (WHERE status <> 'success'))::integer AS left,
    (count(*) FILTER (WHERE status = 'success' AND (started_at IS NULL OR finished_at IS NULL OR attempt <> 1)))::integer AS wrong
  FROM sketch_tasks`;
const LEFT = `SELECT count(*)::integer AS left FROM sketch_tasks WHERE status <> 'success'`;

export async function createTable(db: Client): Promise<void> {
  await db.query(TABLE);
}

export async function insertRows(db: Client, ids: readonly string[], payloads: readonly string[]): Promise<void> {
  await db.query({ name: 'insert', text: INSERT, values: [`{${ids.join(',')}}`, payloads] });
}

/** Throws when one of them does not wait. */
export function startRows(db: Client, ids: readonly string[]): Promise<void> {
  return update(db, { name: 'start', text: START, ids });
}

/** Throws when one of them does not run. */
export function finishRows(db: Client, ids: readonly string[]): Promise<void> {
  return update(db, { name: 'finish', text: FINISH, ids });
}

async function update(
  db: Client,
  { name, text, ids }: { readonly name: string; readonly text: string; readonly ids: readonly string[] },
): Promise<void> {
  const sorted = [...ids].sort();
  const values = [`{${sorted.join(',')}}`, sorted[0], sorted.at(-1)];
  const { rowCount } = await db.query({ name, text, values });
  if (rowCount !== ids.length) throw new Error(`Of ${ids.length} rows ${rowCount} took part in ${name}`);
}

export async function leftRows(db: Client): Promise<number> {
  const { rows } = await db.query<{ left: number }>(LEFT);
  return rows[0]?.left ?? 0;
}

export async function standingOfRows(db: Client): Promise<{ done: number; left: number; wrong: number }> {
  const { rows } = await db.query<{ done: number; left: number; wrong: number }>(STANDING);
  return rows[0] ?? { done: 0, left: 0, wrong: 0 };
}
