// @ts-check
import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';

const MIB = 2 ** 20;

/** Tables with their indexes and their TOAST. What is not named here holds what is to be kept: finished tasks and their attempts. */
const SIZES = `
  SELECT pg_total_relation_size('tasks_pending')::float8 AS pending, pg_total_relation_size('tasks_processing')::float8 AS processing,
    pg_total_relation_size('task_count_deltas')::float8 AS deltas,
    (SELECT sum(pg_total_relation_size(inhrelid))::float8 FROM pg_inherits
      WHERE inhparent IN ('tasks_success'::regclass, 'tasks_failed'::regclass, 'tasks_cancelled'::regclass)) AS finished,
    (SELECT count(*)::float8 FROM tasks WHERE finished_at IS NOT NULL) AS ended`;

/**
 * How large everything is that should not grow.
 *
 * @param {import('../platform/platform.mjs').Platform} platform
 * @param {{ api: number, worker: number, scheduler: number }} pids
 */
export async function sizesOf({ client, redis }, pids) {
  const {
    rows: [{ pending, processing, deltas, finished, ended }],
  } = await client.query(SIZES);
  return {
    pendingMib: pending / MIB,
    processingMib: processing / MIB,
    deltasMib: deltas / MIB,
    bytesPerFinished: finished / ended,
    redisMib: (await usedMemory(redis.url)) / MIB,
    workerMib: residentMib(pids.worker),
    apiMib: residentMib(pids.api),
    schedulerMib: residentMib(pids.scheduler),
  };
}

/** @param {string} url */
async function usedMemory(url) {
  const redis = new Redis(url);
  const used = /^used_memory:([0-9]+)/m.exec(await redis.info('memory'));
  redis.disconnect();
  return Number(used?.[1]);
}

/**
 * Resident memory; not a number where the system does not tell.
 *
 * @param {number} pid
 */
function residentMib(pid) {
  try {
    return Number(/^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
  } catch {
    return NaN;
  }
}
