// @ts-check
import { linkSync, mkdirSync, readFileSync, rmSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createFolder, identityOf, isAlive, isIdentity } from '../../stack/src/index.mjs';

/**
 * Who holds a lock.
 *
 * @typedef {import('../../stack/src/process-identity.mjs').ProcessIdentity & {command: string}} LockHolder
 */

/** Breaking a dead process's lock takes microseconds; a guard this old was left by a process killed in the midst. */
const GUARD_TIMEOUT_MS = 10_000;

/**
 * Takes a lock if nobody alive holds it. The lock ends with the process at the latest.
 *
 * @param {string} file
 * @param {string} command what the holder is, for a message of those who wait
 * @returns {LockHolder | undefined} who holds it instead; undefined when it is ours now
 */
export function tryLock(file, command) {
  createFolder(dirname(file));
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify({ ...identityOf(), command }), { mode: 0o600 });
  try {
    for (;;) {
      // A link appears whole or not at all, and never replaces another.
      if (linkIfAbsent(draft, file)) return undefined;
      const holder = lockHolder(file);
      if (holder) return holder;
      breakDeadLock(file);
    }
  } finally {
    rmSync(draft, { force: true });
  }
}

/**
 * Waits for a lock and takes it.
 *
 * @param {string} file
 * @param {string} command
 * @param {number} timeoutMs
 * @returns {Promise<LockHolder | undefined>} who still holds it when the time is over; undefined when it is ours
 */
export async function lock(file, command, timeoutMs) {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const holder = tryLock(file, command);
    if (!holder || performance.now() > deadline) return holder;
    await delay(100);
  }
}

/** @param {string} file */
export function unlock(file) {
  if (lockHolder(file)?.pid === process.pid) rmSync(file, { force: true });
}

/**
 * @param {string} file
 * @returns {LockHolder | undefined} the living holder
 */
export function lockHolder(file) {
  try {
    const holder = JSON.parse(readFileSync(file, 'utf8'));
    return isIdentity(holder) && isAlive(holder) ? /** @type {LockHolder} */ (holder) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Only one process at a time may break a lock, and it looks again first: between a look and a removal, another could have
 * broken the dead lock and taken its own.
 *
 * @param {string} file
 */
function breakDeadLock(file) {
  const guard = `${file}.breaking`;
  try {
    mkdirSync(guard);
  } catch {
    if (ageMs(guard) > GUARD_TIMEOUT_MS) rmSync(guard, { recursive: true, force: true });
    return;
  }
  try {
    if (!lockHolder(file)) rmSync(file, { force: true });
  } finally {
    rmdirSync(guard);
  }
}

/**
 * @param {string} existing
 * @param {string} name
 */
function linkIfAbsent(existing, name) {
  try {
    linkSync(existing, name);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** @param {string} path */
function ageMs(path) {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
