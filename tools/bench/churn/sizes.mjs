// @ts-check
import { Redis } from 'ioredis';
import { rssMib, usedMemory } from '../platform/memory.mjs';

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
    redisMib: (await bytesIn(redis.url)) / MIB,
    workerMib: rssMib(pids.worker) ?? NaN,
    apiMib: rssMib(pids.api) ?? NaN,
    schedulerMib: rssMib(pids.scheduler) ?? NaN,
  };
}

/** @param {string} url */
async function bytesIn(url) {
  const redis = new Redis(url);
  const bytes = await usedMemory(redis);
  redis.disconnect();
  return bytes;
}
