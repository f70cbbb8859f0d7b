import type { Evidence } from './records';
import { countFunctions, type FunctionCounts } from './function-rules';
import { countSlots, type SlotCounts } from './slot-rules';
import { taskHistories } from './task-history';

/** The figures of a run. */
export interface Summary {
  /** Tasks whose submit was answered 2xx; of unknown fate; refused. */
  readonly promised: number;
  readonly unknown: number;
  readonly refused: number;
  readonly recorded: number;
  /** Starts of handlers, and those beyond the first of each task. */
  readonly starts: number;
  readonly extraStarts: number;
  /** Attempts by how they ended; a success of the first attempt stands in no history. */
  readonly outcomes: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly faults: number;
  /** Wishes of operators by what was answered, such as `cancel 202`. */
  readonly wishes: Readonly<Record<string, number>>;
  /** Of the watched schedules; left out when there are none. */
  readonly slots?: SlotCounts;
  /** Of exclusive functions; left out when none was watched. */
  readonly functions?: FunctionCounts;
}

export function summarize(evidence: Evidence): Summary {
  const histories = taskHistories(evidence);
  const states = tally(histories.map(({ submission }) => submission?.state ?? 'nobody'));
  const starts = histories.map(({ effects }) => effects.filter(({ kind }) => kind === 'start').length);
  return {
    promised: states['promised'] ?? 0,
    unknown: states['unknown'] ?? 0,
    refused: states['refused'] ?? 0,
    recorded: evidence.tasks.length,
    starts: sum(starts),
    extraStarts: sum(starts.map((count) => Math.max(0, count - 1))),
    outcomes: tally(evidence.attempts.map(({ outcome }) => outcome)),
    statuses: evidence.counted,
    faults: evidence.faults.length,
    wishes: tally(
      histories.flatMap(({ wishes }) => wishes.map(({ what, status }) => `${what} ${status ?? 'unanswered'}`)),
    ),
    ...(evidence.watches.length > 0 && { slots: countSlots(evidence) }),
    ...(evidence.watches.some(({ exclusive }) => exclusive) && { functions: countFunctions(evidence) }),
  };
}

function tally(words: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
