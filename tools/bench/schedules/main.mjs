// @ts-check
/**
 * How late slots fire when very many schedules are due all the time:
 *
 *   npx nx run-many -t build -p scheduler,migrate
 *   node tools/bench/schedules/main.mjs [--schedules 100000] [--seconds 60] [--replicas 2]
 *
 * A slot is late by what lies between its due moment and the commit of its transaction, both by PostgreSQL's clock. Tasks are
 * recorded and queued; no worker runs. The stores are of its own, sync to disk as in production, and are removed afterwards.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { cpuMs } from '../platform/cpu.mjs';
import { Platform } from '../platform/platform.mjs';
import { fill } from './fill.mjs';

const { values } = parseArgs({
  options: {
    schedules: { type: 'string', default: '100000' },
    seconds: { type: 'string', default: '60' },
    replicas: { type: 'string', default: '2' },
  },
});
const count = Number(values.schedules);
const seconds = Number(values.seconds);

/** Processes begin, connections are made, caches fill. */
const WARM_UP_MS = 30_000;

/**
 * $1, $2: from when until when slots count. The commit is when the slot could be seen; slots with jitter are due later than their
 * slot, and are left out of the lateness.
 */
const FIRED = `
  SELECT count(*)::integer AS slots,
    count(*) FILTER (WHERE ms IS NOT NULL)::integer AS timed,
    percentile_cont(ARRAY[0.5, 0.9, 0.99, 0.999, 1]) WITHIN GROUP (ORDER BY ms) AS ms
  FROM (
    SELECT CASE WHEN c.jitter_ms = 0
      THEN extract(epoch FROM pg_xact_commit_timestamp(s.xmin) - s.slot_at) * 1000 END AS ms
    FROM schedule_slots s JOIN schedules c ON c.id = s.schedule_id
    WHERE s.slot_at >= $1 AND s.slot_at < $2 AND c.source = 'api'
  ) AS fired`;

const EXPECTED = `
  SELECT sum(CASE WHEN every_ms IS NOT NULL
    THEN floor((extract(epoch FROM $2::timestamptz) * 1000 - 1 - phase_ms) / every_ms)
      - floor((extract(epoch FROM $1::timestamptz) * 1000 - 1 - phase_ms) / every_ms)
    ELSE extract(epoch FROM $2::timestamptz - $1::timestamptz) / 60 END)::integer AS slots
  FROM schedules WHERE source = 'api'`;

const MISSED = 'SELECT sum(missed_count)::integer AS missed FROM schedules';

const platform = await Platform.open({ shared_buffers: '512MB', track_commit_timestamp: 'on' });
const { client } = platform;
/** @type {number[]} */
const replicas = [];

try {
  const postmaster = await platform.postmaster();
  // Whole minutes, so that every schedule of a second is due as often as every other.
  const fromMs = Math.ceil((Date.now() + WARM_UP_MS) / 60_000) * 60_000;
  const toMs = fromMs + Math.ceil(seconds / 60) * 60_000;
  await fill(client, { count, startAt: new Date(fromMs - WARM_UP_MS) });
  for (let n = 0; n < Number(values.replicas); n += 1) replicas.push((await platform.start('scheduler')).pid);
  await sleep(fromMs - Date.now());
  const before = cpuNow(postmaster);
  await sleep(toMs - Date.now());
  const after = cpuNow(postmaster);
  await sleep(5_000);
  await report([new Date(fromMs), new Date(toMs)], {
    node: after.node - before.node,
    postgres: after.postgres - before.postgres,
  });
} finally {
  await platform.close();
}

/**
 * @param {[Date, Date]} span
 * @param {{ node: number, postgres: number }} cpu milliseconds of the span
 */
async function report(span, cpu) {
  const {
    rows: [fired],
  } = await client.query(FIRED, span);
  const {
    rows: [expected],
  } = await client.query(EXPECTED, span);
  const {
    rows: [{ missed }],
  } = await client.query(MISSED);
  const spanS = (span[1].getTime() - span[0].getTime()) / 1_000;
  console.log(`${count} schedules, ${values.replicas} schedulers, ${spanS} s`);
  console.log(
    `slots         ${fired.slots} of ${expected.slots} (${Math.round(fired.slots / spanS)} a second), ${missed} missed`,
  );
  const [p50, p90, p99, p999, max] = fired.ms.map((/** @type {number} */ ms) => ms.toFixed(0));
  console.log(
    `late by ms    p50 ${p50}   p90 ${p90}   p99 ${p99}   p99.9 ${p999}   max ${max}   (${fired.timed} without jitter)`,
  );
  const perSlot = (/** @type {number} */ spentMs) => `${Math.round((spentMs / fired.slots) * 1_000)} µs`;
  console.log(`CPU a slot    schedulers ${perSlot(cpu.node)}   PostgreSQL ${perSlot(cpu.postgres)}`);
}

/**
 * CPU that was spent so far, in milliseconds.
 *
 * @param {number} postmaster
 */
function cpuNow(postmaster) {
  const node = replicas.reduce((sum, pid) => sum + (cpuMs(pid) ?? 0), 0);
  return { node, postgres: cpuMs(postmaster) ?? 0 };
}
