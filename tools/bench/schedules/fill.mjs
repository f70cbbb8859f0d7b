// @ts-check
/**
 * Schedules as a large installation would have them, $1 in all: seven of ten every 45 seconds, each at a moment of its own; three
 * of ten at a second of every minute in one of five time zones, so that hundreds are due in the same instant. One in ten lets no
 * runs overlap, one in twenty has a jitter.
 */
const INSERT = `
  INSERT INTO schedules (name, type, payload, cron, every_ms, phase_ms, timezone, overlap, jitter_ms, next_slot_at, next_run_at)
  SELECT 'bench-' || n, 'noop', jsonb_build_object('n', n, 'at', '{{slot.at}}'),
    CASE WHEN is_cron THEN ARRAY[second || ' * * * * *'] END,
    CASE WHEN NOT is_cron THEN 45000 END, CASE WHEN is_cron THEN 0 ELSE phase_ms END,
    (ARRAY['UTC', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'])[1 + n % 5],
    CASE WHEN n % 10 = 3 THEN 'queue_one' ELSE 'allow' END, CASE WHEN n % 20 = 7 THEN 500 ELSE 0 END, first_at, first_at
  FROM (
    SELECT n, n % 10 < 3 AS is_cron, (n / 10) % 60 AS second, (n * 7919) % 45000 AS phase_ms,
      CASE WHEN n % 10 < 3 THEN date_trunc('minute', $2::timestamptz) + interval '1 minute' + (n / 10) % 60 * interval '1 s'
        ELSE to_timestamp((ceil((extract(epoch FROM $2::timestamptz) * 1000 - (n * 7919) % 45000) / 45000) * 45000
          + (n * 7919) % 45000) / 1000) END AS first_at
    FROM generate_series(1, $1::integer) AS n
  ) AS numbers`;

/**
 * @param {import('pg').Client} client
 * @param {{ count: number, startAt: Date }} options `startAt`: no slot before
 */
export async function fill(client, { count, startAt }) {
  await client.query(INSERT, [count, startAt]);
  await client.query('VACUUM ANALYZE schedules');
}
