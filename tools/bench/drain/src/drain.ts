import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '@millrace/stack';
import { ServiceProcess, type ApiClient } from '@millrace/testing';
import type { Client } from 'pg';
import { cpuMs } from './cpu';
import type { BenchSettings } from './settings';

/** What one part of the measurement found. */
export interface Rate {
  readonly tasks: number;
  readonly ms: number;
  /** CPU milliseconds for a thousand tasks, by process; empty where the system does not tell. */
  readonly cpuMsPerThousand: Readonly<Record<string, number>>;
}

const BULK_SIZE = 1_000;
const BULK_CONCURRENCY = 4;
const POLL_MS = 250;
const STANDSTILL_MS = 60_000;

/** Starts one service on the settings' stores. */
export async function startService(
  name: 'api' | 'worker',
  { databaseUrl, redisUrl, slots }: BenchSettings,
): Promise<ServiceProcess> {
  const port = await freePort(0);
  return ServiceProcess.start(name, port, {
    NODE_ENV: 'development',
    HOST: '127.0.0.1',
    LOG_LEVEL: 'warn',
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    [`${name.toUpperCase()}_PORT`]: String(port),
    ...(name === 'worker' ? { QUEUE_WORKERS: String(slots) } : {}),
  });
}

/** Submits `noop` tasks over REST in bulk, with no worker running; each is recorded before it is acknowledged. */
export async function measureSubmit(
  tasks: number,
  api: ApiClient,
  pids: Readonly<Record<string, number>>,
): Promise<Rate> {
  const sizes = Array.from({ length: Math.ceil(tasks / BULK_SIZE) }, (_, n) =>
    Math.min(BULK_SIZE, tasks - n * BULK_SIZE),
  );
  const batches = sizes.values();
  const lane = async () => {
    for (const size of batches) {
      await api.submitBulk(Array.from({ length: size }, () => ({ type: 'noop', payload: {} })));
    }
  };
  return measured(tasks, pids, async () => {
    await Promise.all(Array.from({ length: BULK_CONCURRENCY }, lane));
  });
}

/**
 * Waits until one worker has drained the tasks. The time is the record's own: from the first start to the last finish,
 * without the start of the process.
 */
export async function measureDrain(
  tasks: number,
  api: ApiClient,
  database: Client,
  pids: Readonly<Record<string, number>>,
): Promise<Rate> {
  const rate = await measured(tasks, pids, () => untilAllSucceeded(tasks, api));
  const { rows } = await database.query<{ ms: number }>(
    'SELECT extract(epoch FROM max(finished_at) - min(started_at))::float8 * 1000 AS ms FROM tasks',
  );
  return { ...rate, ms: rows[0]?.ms ?? rate.ms };
}

/** Submits tasks one at a time to an idle platform; answers the milliseconds from each row's creation to its start. */
export async function measureLone(count: number, api: ApiClient): Promise<number[]> {
  const waitsMs: number[] = [];
  for (let n = 0; n < count; n += 1) {
    const { task_id: taskId } = await api.submit({ type: 'noop', payload: {} });
    let task = await api.task(taskId);
    for (let tries = 0; task.status !== 'success' && tries < 1_000; tries += 1) {
      await sleep(5);
      task = await api.task(taskId);
    }
    if (task.started_at === null) throw new Error(`Task ${taskId} did not start`);
    waitsMs.push(Date.parse(task.started_at) - Date.parse(task.created_at));
  }
  return waitsMs.sort((a, b) => a - b);
}

async function measured(
  tasks: number,
  pids: Readonly<Record<string, number>>,
  work: () => Promise<void>,
): Promise<Rate> {
  const before = usage(pids);
  const startedAt = performance.now();
  await work();
  const ms = performance.now() - startedAt;
  const after = usage(pids);
  const used = Object.entries(after).map(([name, cpu]) => [name, ((cpu - (before[name] ?? 0)) / tasks) * 1_000]);
  return { tasks, ms, cpuMsPerThousand: Object.fromEntries(used) as Record<string, number> };
}

function usage(pids: Readonly<Record<string, number>>): Record<string, number> {
  const known = Object.entries(pids).map(([name, pid]) => [name, cpuMs(pid)] as const);
  return Object.fromEntries(known.filter((entry): entry is readonly [string, number] => entry[1] !== undefined));
}

async function untilAllSucceeded(tasks: number, api: ApiClient): Promise<void> {
  let [success, movedAt] = [-1, performance.now()];
  for (;;) {
    const counts = await api.stats();
    if (counts.success === tasks) return;
    if (counts.failed + counts.cancelled > 0) throw new Error(`Some tasks did not succeed: ${JSON.stringify(counts)}`);
    if (counts.success !== success) [success, movedAt] = [counts.success, performance.now()];
    if (performance.now() - movedAt > STANDSTILL_MS)
      throw new Error(`Nothing moves any more: ${JSON.stringify(counts)}`);
    await sleep(POLL_MS);
  }
}
