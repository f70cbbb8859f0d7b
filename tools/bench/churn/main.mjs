// @ts-check
/**
 * What a day of work leaves behind: passes the tasks of 24 hours through the platform, one hour after the other as fast as it can,
 * and says after each how large everything is that should not grow:
 *
 *   npx nx run-many -t build -p api,worker,scheduler,migrate
 *   node tools/bench/churn/main.mjs [--hours 24] [--tasks 25000]
 *
 * Of the tasks of an hour 75 % succeed at once, 10 % fail once and are tried again, 10 % are due a little later, and 5 % are
 * cancelled. 5,000 tasks that are due tomorrow wait all the while. An hour passes in seconds, so vacuum comes round a few hundred times
 * less often for each task than it would: what does not grow here does not grow in a day. The stores are of its own.
 */
import { parseArgs } from 'node:util';
import { Platform } from '../platform/platform.mjs';
import { passHour, standingBacklog } from './hour.mjs';
import { sizesOf } from './sizes.mjs';

const { values } = parseArgs({
  options: { hours: { type: 'string', default: '24' }, tasks: { type: 'string', default: '25000' } },
});
const hours = Number(values.hours);
const tasks = Number(values.tasks);

const COLUMNS = /** @type {const} */ ({
  pendingMib: 'pending MiB',
  processingMib: 'running MiB',
  deltasMib: 'deltas MiB',
  bytesPerFinished: 'bytes/finished',
  redisMib: 'Redis MiB',
  workerMib: 'worker MiB',
  apiMib: 'api MiB',
  schedulerMib: 'scheduler MiB',
  tasksPerSecond: 'tasks/s',
});

const platform = await Platform.open({ shared_buffers: '512MB' });
try {
  const api = await platform.start('api');
  const pids = {
    api: api.pid,
    worker: (await platform.start('worker')).pid,
    scheduler: (await platform.start('scheduler')).pid,
  };
  await standingBacklog(api.url);
  console.log(['hour', ...Object.values(COLUMNS)].map((title) => title.padStart(15)).join(''));
  for (let hour = 1; hour <= hours; hour += 1) {
    const startedMs = performance.now();
    await passHour(api.url, { hour, tasks });
    const tasksPerSecond = (tasks / (performance.now() - startedMs)) * 1_000;
    const sizes = { ...(await sizesOf(platform, pids)), tasksPerSecond };
    const cells = Object.keys(COLUMNS).map((name) => shown(sizes[/** @type {keyof typeof COLUMNS} */ (name)]));
    console.log([String(hour), ...cells].map((cell) => cell.padStart(15)).join(''));
  }
} finally {
  await platform.close();
}

/** @param {number} value */
function shown(value) {
  return value.toFixed(value < 100 ? 1 : 0);
}
