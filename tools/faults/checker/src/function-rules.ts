import { functionRuns, givenUpAfterMs, isGivenUp, pidOf, type FunctionRun } from './function-runs';
import type { Evidence, WatchLine } from './records';
import type { Finding } from './rules';
import { isSkipped, servedSlots, type Served } from './slot-rules';

/** The figures of exclusive functions. */
export interface FunctionCounts {
  readonly runs: number;
  /** Runs whose process was taken for lost. */
  readonly givenUp: number;
  /** Slots that came while the function ran. */
  readonly skipped: number;
  /** From what was done to a process to the moment its run was given up, the longest. */
  readonly longestGivenUpMs: number;
}

/** A run is given up when its process was not heard of for so many leases. */
const SILENT_LEASES = 2;
/** The process may have been silent for a while before it was harmed. */
const SILENT_BEFORE_MS = 2_000;
/** It takes longer on a machine that is busy. */
const SLACK_MS = 6_000;
/** A process that goes on hears within two seconds that its run was given up; the rest is for a machine that is busy. */
const TOLD_MS = 4_000;
/** The clocks of processes are read one after the other. */
const CLOCK_MS = 50;
/** What a transaction sees may have ended while it began. */
const READ_MS = 1_000;

/** An exclusive function runs once a slot, never two at a time, and is recorded as it ran. */
export function functionsExclusive(evidence: Evidence): Finding[] {
  return evidence.watches.flatMap((watch) => {
    if (!watch.exclusive) return [];
    const runs = functionRuns(evidence, watch);
    return [
      ...(runs.length === 0
        ? [finding('recorded as it ran', watch.schedule, 'it never ran while it was watched')]
        : []),
      ...oneAtATime(evidence, runs),
      ...oncePerSlot(runs),
      ...runs.flatMap((run) => recorded(evidence, run)),
      ...runs.filter((run) => isGivenUp(evidence, run)).flatMap((run) => givenUp(watch, run)),
      ...skippedBesideRuns(evidence, watch, runs),
    ];
  });
}

export function countFunctions(evidence: Evidence): FunctionCounts {
  const runs = evidence.watches.flatMap((watch) => (watch.exclusive ? functionRuns(evidence, watch) : []));
  const lost = runs.filter((run) => isGivenUp(evidence, run));
  return {
    runs: runs.length,
    givenUp: lost.length,
    skipped: servedSlots(evidence).filter(isSkipped).length,
    longestGivenUpMs: Math.round(Math.max(0, ...lost.map((run) => givenUpAfterMs(run) ?? 0))),
  };
}

/** One begins only after each one before it has ended, or is recorded as given up. */
function oneAtATime(evidence: Evidence, runs: readonly FunctionRun[]): Finding[] {
  const begun = runs.flatMap((run) => (run.begin ? [{ ...run, begin: run.begin }] : []));
  return begun.flatMap((run, at) =>
    begun
      .slice(0, at)
      .filter((earlier) => {
        if (earlier.end && earlier.end.mono <= run.begin.mono) return false;
        const over = isGivenUp(evidence, earlier) ? earlier.task?.finished_at : null;
        return over === null || over === undefined || over > run.begin.wall + CLOCK_MS;
      })
      .map((earlier) => about('one at a time', run, `process ${run.pid} began it while ${describe(earlier)} ran`)),
  );
}

function oncePerSlot(runs: readonly FunctionRun[]): Finding[] {
  const seen = new Set<number>();
  return runs.flatMap((run) => {
    const isSecond = seen.has(run.slotAtMs);
    seen.add(run.slotAtMs);
    return isSecond ? [about('no slot doubled', run, `process ${run.pid} ran it once more`)] : [];
  });
}

/** The task says who ran it, when, and what came of it. */
function recorded(evidence: Evidence, run: FunctionRun): Finding[] {
  const { begin, end, task, pid } = run;
  const wrong = (text: string) => [about('recorded as it ran', run, text)];
  if (!task) return wrong(`process ${pid} ran it, and it has no task`);
  if (pidOf(task.worker_id) !== pid)
    return wrong(`process ${pid} ran it, and its task names ${task.worker_id ?? 'nobody'}`);
  const lasted = begin && { from: begin.wall, to: end?.wall ?? begin.wall };
  if (lasted && (task.started_at ?? Infinity) > lasted.from + CLOCK_MS)
    return wrong('it began before its task started');
  if (isGivenUp(evidence, run)) return [];
  if (lasted && (task.finished_at ?? Infinity) < lasted.to - CLOCK_MS) return wrong('its task ended before it did');
  if (!end) return wrong(`its task is ${task.status}, and the function did not come to an end`);
  if (end.how === 'returned' && task.status === 'success' && runIn(task.result) === end.run) return [];
  if (end.how === 'threw' && task.status === 'failed' && task.error_code === 'handler_error') return [];
  const result = JSON.stringify(task.result);
  return wrong(`it ${end.how} (${end.run}), and its task is ${task.status} (${task.error_code ?? result})`);
}

/** Nobody is given up before the time, or long after it, and who goes on is soon told. */
function givenUp({ exclusive }: WatchLine, run: FunctionRun): Finding[] {
  const silentMs = SILENT_LEASES * (exclusive?.lease_ms ?? 0);
  const afterMs = givenUpAfterMs(run);
  const text = `it was given up ${Math.round(afterMs ?? 0)} ms after something was done to process ${run.pid}`;
  // That nothing was done to it at all is a finding about its task.
  const inTime = afterMs === undefined || (afterMs >= silentMs - SILENT_BEFORE_MS && afterMs <= silentMs + SLACK_MS);
  return [...(inTime ? [] : [about('given up in time', run, text)]), ...toldInTime(run)];
}

function toldInTime(run: FunctionRun): Finding[] {
  const { begin, end, harms } = run;
  const last = harms.at(-1);
  if (!begin || last?.kind === 'harmed') return [];
  const resumed = harms.find(({ kind, wall }) => kind === 'resumed' && wall >= (run.task?.finished_at ?? Infinity));
  if (!resumed || (end && end.mono <= resumed.mono + TOLD_MS)) return [];
  const text = end ? `ran on for ${Math.round(end.mono - resumed.mono)} ms` : 'never came to an end';
  return [about('told in time', run, `process ${run.pid} went on after it was given up, and the function ${text}`)];
}

/** A slot is skipped only for a run that had not ended when it was decided about. */
function skippedBesideRuns(evidence: Evidence, { schedule }: WatchLine, runs: readonly FunctionRun[]): Finding[] {
  const skipped = servedSlots(evidence).filter((served) => served.schedule === schedule && isSkipped(served));
  return skipped.flatMap((served) => {
    const [first] = served.rows;
    const decidedAt = first?.decided_at ?? 0;
    const until = Math.max(decidedAt, served.slotAtMs + (first?.late_ms ?? 0));
    const isExplained = runs.some(
      ({ task }) =>
        (task?.started_at ?? Infinity) <= until + CLOCK_MS && (task?.finished_at ?? Infinity) >= decidedAt - READ_MS,
    );
    return isExplained ? [] : [about('skipped for a run', served, 'it was skipped while the function did not run')];
  });
}

function runIn(result: unknown): unknown {
  return typeof result === 'object' && result !== null ? (result as { readonly run?: unknown }).run : undefined;
}

const slotOf = ({ schedule, slotAtMs }: Pick<Served, 'schedule' | 'slotAtMs'>): string =>
  `${schedule} ${new Date(slotAtMs).toISOString()}`;

const describe = (run: FunctionRun): string =>
  `${slotOf(run)} in process ${run.pid} (${run.task?.status ?? 'no task'}, ${run.task?.error_code ?? 'no error'})`;

const finding = (rule: string, schedule: string, text: string): Finding => ({ rule, text: `${schedule}: ${text}` });

const about = (rule: string, slot: Pick<Served, 'schedule' | 'slotAtMs'>, text: string): Finding => ({
  rule,
  text: `${slotOf(slot)}: ${text}`,
});
