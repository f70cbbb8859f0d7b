import type { ScenarioName } from './scenario';
import type { SystemName } from './systems';
import type { Cost } from './usage';

/** What can be measured, with its unit; of all but the rate less is better. */
export type Metric = 'perSecond' | 'p50Ms' | 'p99Ms' | 'maxMs' | 'redisBytes' | 'postgresBytes';

/** One run of one scenario on one system. */
export interface Measurement {
  readonly scenario: ScenarioName;
  readonly system: SystemName;
  readonly round: number;
  readonly tasks: number;
  readonly values: Readonly<Partial<Record<Metric, number>>>;
  readonly cost: Cost | null;
  /** Largest resident memory, in MiB, by process. */
  readonly peakRssMib: Readonly<Record<string, number>>;
  /** Why the run does not count; empty when every task ended once and is recorded right. */
  readonly wrong: readonly string[];
}
