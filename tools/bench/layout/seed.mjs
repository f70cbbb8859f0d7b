import { COLUMN_DDL, COLUMN_NAMES } from './columns.mjs';
import { FINISHED_DAYS } from './candidates/finished.mjs';

/** The last types and users of the zipf-like draw: seldom drawn. */
export const TYPES = 60;
export const USERS = 20_000;

/**
 * Shapes of the record: share of rows by status. The newest rows are the live ones; in `backlog`
 * nearly everything waits.
 */
export const SHAPES = {
  mixed: { live: 0.05, processing: 200, failed: 0.042, cancelled: 0.0105 },
  backlog: { live: 0.9, processing: 200, failed: 0.042, cancelled: 0.0105 },
};

/**
 * Fills `seed` with `rows` tasks of a shape; candidates copy it, so each holds the same rows.
 * @param {import('pg').Client} client
 * @param {{ rows: number, shape: keyof typeof SHAPES, from: Date }} options `from`: the oldest task's finish
 */
export async function fillSeed(client, { rows, shape, from }) {
  const { live, processing, failed, cancelled } = SHAPES[shape];
  const firstLive = Math.floor(rows * (1 - live));
  await client.query('DROP TABLE IF EXISTS seed');
  await client.query('CREATE SEQUENCE IF NOT EXISTS tasks_id_seq CACHE 1');
  await client.query(`CREATE UNLOGGED TABLE seed (${COLUMN_DDL})`);
  await client.query('SELECT setseed(0.5)');
  await client.query(
    `
INSERT INTO seed (${COLUMN_NAMES})
SELECT g, at, at, at,
  CASE WHEN status NOT IN ('pending', 'cancelled') THEN at + interval '40 ms' END,
  CASE WHEN status IN ('success', 'failed', 'cancelled') THEN at + interval '90 ms' END,
  NULL, NULL, NULL, NULL, 5000, NULL,
  CASE WHEN status IN ('pending', 'cancelled') THEN 0 ELSE 1 END, 0, 3, 0, 0, status,
  -- The shape of a UUIDv7: the instant first, then random bits.
  overlay(overlay(overlay(overlay(lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || right(md5(g::text), 19)
    PLACING '-' FROM 9 FOR 0) PLACING '-' FROM 14 FOR 0) PLACING '-' FROM 19 FOR 0) PLACING '-' FROM 24 FOR 0),
  'type_' || floor(exp(random() * ln(${TYPES}.0))),
  (ARRAY['default', 'default', 'default', 'mail', 'mail', 'reports', 'sync', 'critical'])[1 + floor(random() * 8)],
  CASE WHEN g % 2 = 0 THEN 'user_' || floor(exp(random() * ln(${USERS}.0))) END,
  NULL, CASE WHEN status = 'processing' THEN 'worker-' || g % 8 END,
  CASE WHEN status = 'failed' THEN 'handler_error' END, CASE WHEN status = 'failed' THEN 'connect ECONNREFUSED' END,
  NULL, NULL,
  jsonb_build_object('to', 'user' || g || '@example.com', 'subject', md5(g::text), 'text', md5(g::text || 'a') || md5(g::text || 'b') || md5('c' || g), 'n', g),
  NULL,
  CASE WHEN status = 'success' THEN jsonb_build_object('message_id', md5(g::text || 'm'), 'accepted', md5('r' || g), 'took_ms', g % 97) END
FROM (
  SELECT g, $1::timestamptz + g * ($2::interval / ${rows}) AS at,
    CASE WHEN g > ${firstLive} THEN
      CASE WHEN (g - ${firstLive}) % ${Math.max(1, Math.floor((rows - firstLive) / processing))} = 0 THEN 'processing' ELSE 'pending' END
    ELSE CASE WHEN draw < ${failed} THEN 'failed' WHEN draw < ${failed + cancelled} THEN 'cancelled' ELSE 'success' END END AS status
  FROM (SELECT g, random() AS draw FROM generate_series(1, ${rows}) AS g OFFSET 0) AS drawn
) AS rowset`,
    [from.toISOString(), `${FINISHED_DAYS} days`],
  );
  await client.query(`SELECT setval('tasks_id_seq', ${rows})`);
  await client.query('ANALYZE seed');
}
