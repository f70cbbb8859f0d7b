// @ts-check
/** Rows of one statement. */
const CHUNK = 100_000;

/**
 * Tasks as a busy platform would have after a month: 90% succeeded, 4% failed, 1% cancelled, 5% pending; 60 types and 20,000
 * users, a few of them very common; five queues. What waits is due tomorrow. $1 and $2: first and last number, $3: rows in all.
 */
const INSERT = `
  INSERT INTO tasks (task_id, type, queue, user_id, status, payload, result, attempt, worker_id, started_at, finished_at,
    created_at, updated_at, run_at, error_code, error_message)
  SELECT 'f-' || n, 'type_' || floor(60 * power(random(), 2))::int,
    (ARRAY['default', 'mail', 'reports', 'bulk', 'low'])[1 + n % 5],
    CASE WHEN n % 2 = 0 THEN 'user_' || floor(20000 * power(random(), 3))::int END, status,
    jsonb_build_object('n', n, 'text', repeat('x', 150)), CASE WHEN status = 'success' THEN '{"ok": true}'::jsonb END,
    CASE WHEN status = 'pending' THEN 0 ELSE 1 END, CASE WHEN status IN ('success', 'failed') THEN 'worker' END,
    CASE WHEN status IN ('success', 'failed') THEN at END, CASE WHEN status <> 'pending' THEN at + interval '1 s' END,
    at - interval '1 s', at, CASE WHEN status = 'pending' THEN now() + interval '1 day' ELSE at END,
    CASE WHEN status = 'failed' THEN 'handler_error' END, CASE WHEN status = 'failed' THEN 'boom' END
  FROM (
    SELECT n, now() - ($3::bigint - n) * (interval '29 days' / $3::bigint) AS at, CASE
      WHEN r < 0.90 THEN 'success' WHEN r < 0.94 THEN 'failed' WHEN r < 0.95 THEN 'cancelled' ELSE 'pending' END AS status
    FROM (SELECT n, random() AS r FROM generate_series($1::bigint, $2::bigint) AS n) AS numbers
  ) AS tasks_to_be`;

/**
 * Fills a migrated, empty database.
 *
 * @param {import('pg').Client} client
 * @param {number} rows
 * @param {(line: string) => void} log
 */
export async function fill(client, rows, log) {
  for (let from = 1; from <= rows; from += CHUNK) {
    const to = Math.min(from + CHUNK - 1, rows);
    await client.query(INSERT, [from, to, rows]);
    if (to % (10 * CHUNK) === 0 || to === rows) log(`${to} rows of ${rows}`);
  }
}

/**
 * Waits until the scheduler has folded the changes of counts, as it does all the time while tasks trickle in.
 *
 * @param {import('pg').Client} client
 */
export async function untilFolded(client) {
  const deadlineMs = Date.now() + 30 * 60_000;
  while (Date.now() < deadlineMs) {
    const { rows } = await client.query('SELECT EXISTS (SELECT FROM task_count_deltas) AS waiting');
    if (!rows[0].waiting) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error('The scheduler did not fold the counts within 30 minutes');
}
