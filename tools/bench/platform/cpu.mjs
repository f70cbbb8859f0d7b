// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Clock ticks of a second, as every Linux has them. */
const TICKS_PER_S = 100;

/**
 * CPU that a process and its children, the ended ones included, have spent so far. Linux only; 0 elsewhere.
 *
 * @param {number} pid
 * @returns {number} seconds
 */
export function cpuSeconds(pid) {
  const stats = (existsSync('/proc') ? readdirSync('/proc') : [])
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)));
  const own = stats.find((stat) => stat.pid === pid);
  const children = stats.filter((stat) => stat.parent === pid);
  return (
    ((own?.ticks ?? 0) + (own?.endedTicks ?? 0) + children.reduce((sum, { ticks }) => sum + ticks, 0)) / TICKS_PER_S
  );
}

/**
 * @param {number} pid
 * @returns {number} the process that started it; 0 when that cannot be told
 */
export function parentOf(pid) {
  return statOf(pid)[0]?.parent ?? 0;
}

/**
 * @param {number} pid
 * @returns {{ pid: number, parent: number, ticks: number, endedTicks: number }[]} none when it has just ended
 */
function statOf(pid) {
  try {
    // The name in brackets may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ')
      .map(Number);
    const [, parent = 0] = fields;
    const [user = 0, system = 0, endedUser = 0, endedSystem = 0] = fields.slice(11, 15);
    return [{ pid, parent, ticks: user + system, endedTicks: endedUser + endedSystem }];
  } catch {
    return [];
  }
}
