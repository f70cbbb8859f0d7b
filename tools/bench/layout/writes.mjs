import { randomBytes } from 'node:crypto';
import { TYPES, USERS } from './seed.mjs';

const QUEUES = ['default', 'default', 'default', 'mail', 'mail', 'reports', 'sync', 'critical'];
const zipf = (n) => Math.floor(n ** Math.random());

/** Rows written per batch size in one round: enough for a steady figure, few enough to interleave. */
export const WRITE_ROWS = { 1: 400, 100: 10_000, 1000: 20_000 };

/**
 * Takes `count` new tasks through submit, start and outcome in batches, every statement its own
 * transaction, and says what each step cost per row.
 * @param {{ insert: string, gate: string, outcome: string }} sql
 * @param {{ client: import('pg').Client, cpu: import('./server.mjs').BackendCpu, batch: number, count: number }} run
 */
export async function writeRound(sql, { client, cpu, batch, count }) {
  const submits = batches(Array.from({ length: count }, newTask), batch);
  const insert = await timed(
    cpu,
    count,
    submits,
    async (tasks) => (await client.query(sql.insert, [JSON.stringify(tasks)])).rows,
  );
  const start = await timed(
    cpu,
    count,
    insert.answers,
    async (rows) =>
      (await client.query(sql.gate, [JSON.stringify(rows.map(({ task_id }) => ({ task_id, attempt: 0 }))), 'worker-1']))
        .rows,
  );
  const outcome = await timed(
    cpu,
    count,
    start.answers,
    async (rows) => (await client.query(sql.outcome, [JSON.stringify(rows.map(newOutcome))])).rows,
  );
  const recorded = outcome.answers.flat().length;
  if (recorded !== count) throw new Error(`only ${recorded} of ${count} outcomes were recorded`);
  return { insert: insert.cost, start: start.cost, outcome: outcome.cost };
}

/** Runs `step` over the batches; cost in server µs, client µs and rows per second. */
async function timed(cpu, count, input, step) {
  const before = { server: cpu.readUs(), client: process.cpuUsage(), at: process.hrtime.bigint() };
  const answers = [];
  for (const batch of input) answers.push(await step(batch));
  const seconds = Number(process.hrtime.bigint() - before.at) / 1e9;
  const client = process.cpuUsage(before.client);
  return {
    answers,
    cost: {
      serverUs: (cpu.readUs() - before.server) / count,
      clientUs: (client.user + client.system) / count,
      rowsPerSecond: count / seconds,
    },
  };
}

function newTask() {
  const pad = randomBytes(48).toString('hex');
  return {
    task_id: uuidV7(),
    type: `type_${zipf(TYPES)}`,
    queue: QUEUES[Math.floor(Math.random() * QUEUES.length)],
    user_id: Math.random() < 0.5 ? `user_${zipf(USERS)}` : null,
    payload: { to: `${pad.slice(0, 8)}@example.com`, subject: pad.slice(0, 32), text: pad, n: 1 },
  };
}

/** 90% succeed, 8% are retried, 2% fail for good. */
function newOutcome(row) {
  const draw = Math.random();
  const held = { id: row.id, attempt: row.attempt, retry_count: row.retry_count };
  if (draw < 0.9) {
    const result = {
      message_id: randomBytes(16).toString('hex'),
      accepted: randomBytes(16).toString('hex'),
      took_ms: 12,
    };
    return { ...held, status: 'success', result };
  }
  const error = { error_code: 'handler_error', error_message: 'connect ECONNREFUSED' };
  if (draw < 0.98) {
    const runAt = new Date(Date.now() + 3_600_000).toISOString();
    return { ...held, ...error, status: 'pending', retry_count: row.retry_count + 1, run_at: runAt };
  }
  return { ...held, ...error, status: 'failed' };
}

function batches(items, size) {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, n) => items.slice(n * size, (n + 1) * size));
}

/** A UUIDv7 whose ids rise within this process. */
let lastMs = 0;
let step = 0;
function uuidV7() {
  const now = Date.now();
  step = now === lastMs ? step + 1 : 0;
  lastMs = now;
  const time = now.toString(16).padStart(12, '0');
  const random = randomBytes(8).toString('hex');
  const order = (step % 4096).toString(16).padStart(3, '0');
  return `${time.slice(0, 8)}-${time.slice(8)}-7${order}-8${random.slice(0, 3)}-${random.slice(3, 15)}`;
}
