import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

/** How a platform came to rest after healing. */
export interface Drain {
  /** From the healing until every task had ended; null when they did not. */
  readonly ms: number | null;
  /** Tasks that were still held as at the healing when `STUCK_MS` had passed. */
  readonly stuck: number;
  /** What was left when it was given up. */
  readonly left: number;
}

const POLL_MS = 250;
/** Nothing may be stuck for longer after healing. */
const STUCK_MS = 60_000;
/** It is given up when nothing ended for so long. */
const STANDSTILL_MS = 120_000;

const COUNTS = `
  SELECT count(*) FILTER (WHERE status IN ('pending', 'processing'))::integer AS left,
    count(*) FILTER (WHERE status = 'processing' AND started_at < $1)::integer AS held,
    (SELECT count(*)::integer FROM task_attempts) AS ended
  FROM tasks WHERE status IN ('pending', 'processing')`;

/** Waits until every task has ended, as the record says it. */
export async function drained(databaseUrl: string): Promise<Drain> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    return await wait(client);
  } finally {
    await client.end();
  }
}

async function wait(client: Client): Promise<Drain> {
  const healedAt = (await client.query<{ now: Date }>('SELECT now()')).rows[0]?.now;
  const healedAtMs = performance.now();
  let stuck = 0;
  let [seen, movedAtMs] = ['', healedAtMs];
  for (;;) {
    const { rows } = await client.query<{ left: number; held: number; ended: number }>(COUNTS, [healedAt]);
    const { left = 0, held = 0, ended = 0 } = rows[0] ?? {};
    const nowMs = performance.now();
    if (left === 0) return { ms: Math.round(nowMs - healedAtMs), stuck, left };
    if (nowMs - healedAtMs > STUCK_MS) stuck = Math.max(stuck, held);
    if (seen !== `${left} ${ended}`) [seen, movedAtMs] = [`${left} ${ended}`, nowMs];
    if (nowMs - movedAtMs > STANDSTILL_MS) return { ms: null, stuck, left };
    await sleep(POLL_MS);
  }
}
