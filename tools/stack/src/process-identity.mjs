// @ts-check
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';

/**
 * A process that can be told apart from a later one with the same number.
 *
 * @typedef {object} ProcessIdentity
 * @property {number} pid
 * @property {string} startedAt when it started, in the words of the operating system; '' when that is not known
 */

/**
 * @param {number} [pid] the current process by default
 * @returns {ProcessIdentity}
 */
export function identityOf(pid = process.pid) {
  return { pid, startedAt: startOf(pid) ?? '' };
}

/**
 * Whether that very process still runs. A number that was given to another process since does not count.
 *
 * @param {ProcessIdentity} identity
 */
export function isAlive(identity) {
  const startedAt = startOf(identity.pid);
  return startedAt !== undefined && startedAt === identity.startedAt;
}

/**
 * @param {unknown} value
 * @returns {value is ProcessIdentity}
 */
export function isIdentity(value) {
  if (typeof value !== 'object' || value === null) return false;
  const { pid, startedAt } = /** @type {Partial<ProcessIdentity>} */ (value);
  return Number.isInteger(pid) && Number(pid) > 0 && typeof startedAt === 'string';
}

/**
 * All living descendants of a process, children before grandchildren.
 *
 * @param {number} pid
 * @returns {number[]}
 */
export function descendantsOf(pid) {
  const parents = parentByPid();
  const found = [pid];
  for (const ancestor of found) {
    for (const [child, parent] of parents) if (parent === ancestor) found.push(child);
  }
  return found.slice(1);
}

/**
 * @param {number} pid
 * @returns {string | undefined} undefined when no such process runs; a zombie does not run
 */
function startOf(pid) {
  if (process.platform === 'linux') {
    const stat = readStat(pid);
    return stat && stat.state !== 'Z' && stat.state !== 'X' ? `${bootId()}:${stat.startTicks}` : undefined;
  }
  try {
    const start = execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim();
    return start === '' ? undefined : start;
  } catch {
    return undefined;
  }
}

/** @returns {Map<number, number>} */
function parentByPid() {
  const parents = new Map();
  if (process.platform === 'linux') {
    for (const name of readdirSync('/proc')) {
      const stat = /^\d+$/.test(name) ? readStat(Number(name)) : undefined;
      if (stat) parents.set(Number(name), stat.parent);
    }
    return parents;
  }
  for (const line of execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n')) {
    const [pid, parent] = line.trim().split(/\s+/).map(Number);
    if (pid) parents.set(pid, parent);
  }
  return parents;
}

/** @param {number} pid */
function readStat(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and may hold spaces; the third starts after the last parenthesis.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state: fields[0], parent: Number(fields[1]), startTicks: fields[19] };
  } catch {
    return undefined;
  }
}

/** Start times count from boot, so after a reboot the same tick may name another process. */
function bootId() {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return '';
  }
}
