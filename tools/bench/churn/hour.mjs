// @ts-check
import { setTimeout as sleep } from 'node:timers/promises';
import { cancel, countsOf, submitAll } from '../platform/rest.mjs';

const TYPE = 'noop';
const BULK = 1_000;
const STANDING = 5_000;
const USERS = 1_000;
const DAY_MS = 86_400_000;

/** An hour that does not end within this time has lost something. */
const LIMIT_MS = 600_000;

/**
 * Submits tasks that wait for tomorrow.
 *
 * @param {string} url of the api
 */
export async function standingBacklog(url) {
  for (let count = 0; count < STANDING; count += BULK) await submitAll(url, numbers(0, BULK).map(dueTomorrow));
}

/**
 * Passes the tasks of an hour through, and returns when each of them is over.
 *
 * @param {string} url of the api
 * @param {{ hour: number, tasks: number }} about
 */
export async function passHour(url, { hour, tasks }) {
  for (let from = 0; from < tasks; from += BULK) {
    const bulk = numbers(from, Math.min(BULK, tasks - from));
    const taskIds = await submitAll(url, bulk.map(taskOf));
    for (const [index, taskId] of taskIds.entries()) if (bulk[index] % 20 === 19) await cancel(url, taskId);
  }
  const deadlineMs = Date.now() + LIMIT_MS;
  while (Date.now() < deadlineMs) {
    const { pending, processing, failed } = await countsOf(url, TYPE);
    if (failed > 0) throw new Error(`${failed} tasks failed, of which none should`);
    if (pending === STANDING && processing === 0) return;
    await sleep(100);
  }
  throw new Error(`The tasks of hour ${hour} were not over after ${LIMIT_MS / 1_000} s`);
}

/** @param {number} n */
function taskOf(n) {
  const kind = n % 20;
  if (kind < 15) return atOnce(n);
  if (kind < 17) return { ...atOnce(n), payload: { fail: 1 }, retry_delay: '100ms' };
  return kind < 19 ? { ...atOnce(n), delay: 500 + (n % 1_000) } : dueTomorrow(n);
}

/** @param {number} n */
function atOnce(n) {
  return { type: TYPE, payload: {}, user_id: `user_${n % USERS}` };
}

/** @param {number} n */
function dueTomorrow(n) {
  return { ...atOnce(n), delay: DAY_MS };
}

/**
 * @param {number} from
 * @param {number} count
 */
function numbers(from, count) {
  return Array.from({ length: count }, (_, n) => from + n);
}
