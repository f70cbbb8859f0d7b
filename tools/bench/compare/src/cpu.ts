import { readdirSync, readFileSync } from 'node:fs';

/** Length of the kernel's clock ticks, as Linux shows them to programs. */
export const TICK_MS = 10;

/**
 * CPU time that a process, its children and those of them that have ended have used so far, in milliseconds; undefined
 * where there is no `/proc`. It tells more than tasks per second on a machine that others use too.
 */
export function cpuMs(pid: number): number | undefined {
  try {
    const own = statOf(pid);
    const children = readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map((name) => statIfAlive(Number(name)))
      .filter((stat) => stat?.parent === pid);
    return [own, ...children].reduce((sum, stat) => sum + (stat?.cpuMs ?? 0), 0);
  } catch {
    return undefined;
  }
}

interface Stat {
  readonly parent: number;
  readonly cpuMs: number;
}

function statIfAlive(pid: number): Stat | undefined {
  try {
    return statOf(pid);
  } catch {
    return undefined;
  }
}

/** Fields count from the state, the first after the name in brackets, which may hold anything. */
function statOf(pid: number): Stat {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { parent: Number(fields[1]), cpuMs: ticks * TICK_MS };
}
