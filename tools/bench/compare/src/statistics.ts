import type { Measurement, Metric } from './measurement';
import type { ScenarioName } from './scenario';
import type { SystemName } from './systems';

/** A metric over the rounds that count. */
export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  readonly rounds: number;
}

/** What is known of one system in one scenario. */
export interface Summary {
  readonly scenario: ScenarioName;
  readonly system: SystemName;
  readonly tasks: number;
  readonly metrics: Readonly<Partial<Record<Metric, Spread>>>;
  /** Medians of CPU milliseconds for a thousand tasks, by process. */
  readonly cpuMsPerThousand: Readonly<Record<string, number>>;
  /** The most cores that anything else kept busy in a round; null when unknown. */
  readonly foreignCores: number | null;
  /** Largest resident memory in MiB over the rounds, by process. */
  readonly peakRssMib: Readonly<Record<string, number>>;
  /** What was wrong with the rounds that do not count. */
  readonly wrong: readonly string[];
}

/** Sums the rounds up by scenario and system, in the order in which they first came. Runs that failed do not count. */
export function summarize(measurements: readonly Measurement[]): Summary[] {
  const groups = new Map<string, Measurement[]>();
  for (const measurement of measurements) {
    const key = `${measurement.scenario} ${measurement.system}`;
    groups.set(key, [...(groups.get(key) ?? []), measurement]);
  }
  return [...groups.values()].map(summaryOf);
}

/** The middle of numbers in any order, or the mean of the middle two. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

function summaryOf(group: readonly Measurement[]): Summary {
  const [first] = group;
  if (!first) throw new Error('A group of measurements is empty');
  const good = group.filter(({ wrong }) => wrong.length === 0);
  const foreign = good.flatMap(({ cost }) => (typeof cost?.foreignCores === 'number' ? [cost.foreignCores] : []));
  return {
    scenario: first.scenario,
    system: first.system,
    tasks: first.tasks,
    metrics: mapOver(
      good.map(({ values }) => values as Record<string, number>),
      spreadOf,
    ),
    cpuMsPerThousand: mapOver(
      good.map(({ cost }) => cost?.cpuMsPerThousand ?? {}),
      median,
    ),
    foreignCores: foreign.length > 0 ? Math.max(...foreign) : null,
    peakRssMib: mapOver(
      good.map(({ peakRssMib }) => peakRssMib),
      (numbers) => Math.max(...numbers),
    ),
    wrong: group.flatMap(({ wrong }) => wrong),
  };
}

function spreadOf(numbers: readonly number[]): Spread {
  return { median: median(numbers), min: Math.min(...numbers), max: Math.max(...numbers), rounds: numbers.length };
}

/** Applies a function to the numbers that records hold under each of their names. */
function mapOver<T>(
  records: readonly Readonly<Record<string, number>>[],
  fold: (numbers: readonly number[]) => T,
): Record<string, T> {
  const names = new Set(records.flatMap((record) => Object.keys(record)));
  return Object.fromEntries(
    [...names].map((name) => [name, fold(records.flatMap((record) => (name in record ? [record[name] ?? 0] : [])))]),
  );
}
