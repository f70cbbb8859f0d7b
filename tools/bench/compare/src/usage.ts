import { readFileSync } from 'node:fs';
import { cpuMs, TICK_MS } from '../../platform/cpu.mjs';

/** CPU time used so far, in milliseconds. */
export interface Usage {
  readonly atMs: number;
  /** By process of the measurement. */
  readonly byProcess: Readonly<Record<string, number>>;
  /** Of this process, which only watches. */
  readonly watcherMs: number;
  /** Of the whole machine, with what its host took away; null where the system does not tell. */
  readonly machineMs: number | null;
}

/** What a measurement used. */
export interface Cost {
  /** CPU milliseconds for a thousand tasks, by process. */
  readonly cpuMsPerThousand: Readonly<Record<string, number>>;
  /** Cores that were busy with anything else meanwhile; null where the system does not tell. */
  readonly foreignCores: number | null;
}

/** Reads what processes have used so far, with those that they have started. */
export function readUsage(pids: Readonly<Record<string, number>>): Usage {
  const known = Object.entries(pids).map(([name, pid]) => [name, cpuMs(pid)] as const);
  return {
    atMs: performance.now(),
    byProcess: Object.fromEntries(known.filter((entry): entry is readonly [string, number] => entry[1] !== undefined)),
    watcherMs: watcherMs(),
    machineMs: machineMs(),
  };
}

/** What was used between two readings, for so many tasks. */
export function costOf(before: Usage, after: Usage, tasks: number): Cost {
  const used = Object.entries(after.byProcess).map(([name, ms]) => [name, ms - (before.byProcess[name] ?? 0)] as const);
  const ownMs = used.reduce((sum, [, ms]) => sum + ms, after.watcherMs - before.watcherMs);
  const machine = after.machineMs === null || before.machineMs === null ? null : after.machineMs - before.machineMs;
  return {
    cpuMsPerThousand: Object.fromEntries(used.map(([name, ms]) => [name, (ms / tasks) * 1_000])),
    foreignCores: machine === null ? null : Math.max(0, (machine - ownMs) / (after.atMs - before.atMs)),
  };
}

function watcherMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Time in user and system mode, at any priority, and stolen by the host. */
function machineMs(): number | null {
  try {
    const [, user, nice, system, , , , , steal] = readFileSync('/proc/stat', 'utf8').split(/\s+/, 9).map(Number);
    return ((user ?? 0) + (nice ?? 0) + (system ?? 0) + (steal ?? 0)) * TICK_MS;
  } catch {
    return null;
  }
}
