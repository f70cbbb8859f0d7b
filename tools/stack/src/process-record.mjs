// @ts-check
import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { descendantsOf, identityOf, isAlive, isIdentity } from './process-identity.mjs';

/** @typedef {import('./process-identity.mjs').ProcessIdentity} ProcessIdentity */

/**
 * Notes in a file which processes were started, so that a later start can stop them after their starter was killed.
 *
 * @param {string} file
 * @param {readonly number[]} pids
 */
export function recordProcesses(file, pids) {
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(pids.map((pid) => identityOf(pid))), { mode: 0o600 });
  renameSync(draft, file);
}

/**
 * @param {string} file
 * @returns {ProcessIdentity[]} those noted in the file that still run; none when there is no readable file
 */
export function recordedProcesses(file) {
  try {
    const noted = JSON.parse(readFileSync(file, 'utf8'));
    return Array.isArray(noted) ? noted.filter(isIdentity).filter(isAlive) : [];
  } catch {
    return [];
  }
}

/**
 * Stops what the file says was started and still runs, then removes the file.
 *
 * @param {string} file
 * @param {object} [options]
 * @param {NodeJS.Signals} [options.signal] the polite signal, default SIGTERM
 * @param {number} [options.timeoutMs] time to obey it before SIGKILL, default 10 s
 * @returns {Promise<number>} how many processes were still running
 */
export async function stopRecorded(file, { signal = 'SIGTERM', timeoutMs = 10_000 } = {}) {
  const leftovers = recordedProcesses(file);
  await Promise.all(leftovers.map((leftover) => stopProcess(leftover, { signal, timeoutMs })));
  rmSync(file, { force: true });
  return leftovers.length;
}

/**
 * Stops one process and everything it started: politely, then by force.
 *
 * @param {ProcessIdentity} identity
 * @param {object} options
 * @param {NodeJS.Signals} options.signal
 * @param {number} options.timeoutMs
 */
export async function stopProcess(identity, { signal, timeoutMs }) {
  if (!isAlive(identity)) return;
  const family = descendantsOf(identity.pid).map((pid) => identityOf(pid));
  // A stopped process would never see the signal.
  signalProcess(identity.pid, 'SIGCONT');
  signalProcess(identity.pid, signal);
  const all = [identity, ...family];
  if (await waitUntil(() => !all.some(isAlive), timeoutMs)) return;
  for (const member of all) if (isAlive(member)) signalProcess(member.pid, 'SIGKILL');
  await waitUntil(() => !all.some(isAlive), 5_000);
}

/**
 * @param {number} pid
 * @param {NodeJS.Signals} signal
 * @returns {boolean} false when there is no such process any more
 */
export function signalProcess(pid, signal) {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
}

/**
 * Polls a condition until it holds.
 *
 * @param {() => boolean | Promise<boolean>} condition
 * @param {number} timeoutMs
 * @returns {Promise<boolean>} whether it came to hold in time
 */
export async function waitUntil(condition, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= deadline) return false;
    await delay(20);
  }
}
