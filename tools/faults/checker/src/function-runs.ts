import type { Evidence, FunctionLine, FunctionTaskRecord, WatchLine } from './records';

/** One run of an exclusive function: what it wrote itself, and the task it is recorded as. */
export interface FunctionRun {
  readonly schedule: string;
  readonly slotAtMs: number;
  /** Undefined: its process came to nothing before the function was called. */
  readonly begin: FunctionLine | undefined;
  readonly end: Extract<FunctionLine, { kind: 'end' }> | undefined;
  readonly task: FunctionTaskRecord | undefined;
  /** Of the process that ran it. */
  readonly pid: number;
  /** What was done to that process, in order of time. */
  readonly harms: readonly Harm[];
}

/** Something was done to a process, or it was let go on. */
export interface Harm {
  readonly kind: 'harmed' | 'resumed';
  readonly mono: number;
  readonly wall: number;
}

/** Every run of a watched function, in order of time. */
export function functionRuns(evidence: Evidence, { schedule }: WatchLine): FunctionRun[] {
  const tasks = evidence.functionTasks.filter((task) => task.schedule === schedule);
  const lines = evidence.functions.filter((line) => line.schedule === schedule);
  const ends = new Map(lines.flatMap((line) => (line.kind === 'end' ? [[line.run, line] as const] : [])));
  const taskOf = new Map(tasks.map((task) => [task.slot_at, task]));
  const begun = lines
    .filter(({ kind }) => kind === 'begin')
    .sort((a, b) => a.mono - b.mono)
    .map((begin) => ({
      ...{ schedule, slotAtMs: begin.slot_at, begin, end: ends.get(begin.run), task: taskOf.get(begin.slot_at) },
      ...{ pid: begin.pid, harms: harmsOf(evidence, begin.pid) },
    }));
  const slots = new Set(begun.map(({ slotAtMs }) => slotAtMs));
  const never = tasks
    .filter(({ slot_at }) => !slots.has(slot_at))
    .map((task) => {
      const pid = pidOf(task.worker_id);
      const nothing = { begin: undefined, end: undefined };
      return { schedule, slotAtMs: task.slot_at, ...nothing, task, pid, harms: harmsOf(evidence, pid) };
    });
  return [...begun, ...never];
}

/** Whether it is recorded that others gave the run up. */
export function isGivenUp({ attempts }: Evidence, { task }: FunctionRun): boolean {
  return attempts.some(({ task_id, outcome }) => task_id === task?.task_id && outcome === 'lost');
}

/** When others gave the run up, and what was last done to its process before. */
export function givenUpAfterMs({ task, harms }: FunctionRun): number | undefined {
  const at = task?.finished_at ?? 0;
  const last = harms.findLast(({ kind, wall }) => kind === 'harmed' && wall <= at);
  return last && at - last.wall;
}

/** Worker ids read `host:pid:uuid`. */
export function pidOf(workerId: string | null): number {
  return Number(workerId?.split(':').at(-2));
}

function harmsOf({ faults }: Evidence, pid: number): Harm[] {
  return faults.flatMap(({ harmed, resumed = [], mono, wall }) => [
    ...(harmed.includes(pid) ? [{ kind: 'harmed' as const, mono, wall }] : []),
    ...(resumed.includes(pid) ? [{ kind: 'resumed' as const, mono, wall }] : []),
  ]);
}
