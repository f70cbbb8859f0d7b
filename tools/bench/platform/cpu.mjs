// @ts-check
import { readdirSync, readFileSync } from 'node:fs';

/** Length of the kernel's clock ticks, as Linux shows them to programs. */
export const TICK_MS = 10;

/**
 * CPU time that a process, its children and those of them that have ended have used so far. It tells more than tasks per second
 * on a machine that others use too.
 *
 * @param {number} pid
 * @returns {number | undefined} milliseconds; undefined when there is no such process, or no `/proc`
 */
export function cpuMs(pid) {
  const own = statOf(pid);
  if (own === undefined) return undefined;
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat?.parent === pid);
  return [own, ...children].reduce((sum, stat) => sum + (stat?.cpuMs ?? 0), 0);
}

/**
 * @param {number} pid
 * @returns {number} the process that started it; 0 when that cannot be told
 */
export function parentOf(pid) {
  return statOf(pid)?.parent ?? 0;
}

/**
 * Fields count from the state, the first after the name in brackets, which may hold anything.
 *
 * @param {number} pid
 * @returns {{ readonly parent: number, readonly cpuMs: number } | undefined} undefined when it has just ended
 */
function statOf(pid) {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return { parent: Number(fields[1]), cpuMs: ticks * TICK_MS };
  } catch {
    return undefined;
  }
}
