import type { Metric } from './measurement';
import type { ScenarioName } from './scenario';
import type { Summary } from './statistics';
import type { SystemName } from './systems';

/** What ours is held against: a ratio of medians of one run, ours to the other's. */
export interface Goal {
  readonly scenario: ScenarioName;
  readonly metric: Metric;
  readonly ours: SystemName;
  readonly against: SystemName;
  /** Where the other was measured. Default: in the same scenario. */
  readonly againstScenario?: ScenarioName;
  /** Of a rate at least so much, of anything else at most. */
  readonly floor: number;
  readonly aim: number;
}

export type Verdict = 'aim' | 'floor' | 'missed';

export interface Judged extends Goal {
  /** Null when one of the two was not measured. */
  readonly ratio: number | null;
  readonly verdict: Verdict | null;
}

const rate = (scenario: ScenarioName, against: SystemName, floor: number, aim: number): Goal => ({
  scenario,
  metric: 'perSecond',
  ours: 'millrace',
  against,
  floor,
  aim,
});

export const GOALS: readonly Goal[] = [
  rate('drain', 'bullmq', 2, 3.5),
  rate('drain', 'bullmq-record', 10, 18),
  rate('drain', 'graphile-worker', 0.8, 1.3),
  rate('flow-bulk', 'bullmq', 2.5, 4),
  rate('flow-bulk', 'pg-boss', 1.2, 2),
  rate('flow-bulk', 'graphile-worker', 1.2, 2),
  rate('flow-callers', 'bullmq', 2.5, 4),
  rate('flow-callers', 'bullmq-record', 8, 14),
  rate('submit-bulk', 'bullmq', 1.7, 3),
  rate('submit-bulk', 'graphile-worker', 1, 1.6),
  rate('submit-callers', 'bullmq', 1.3, 2),
  rate('sleep', 'bullmq', 1.6, 2.2),
  { ...rate('idle', 'bullmq', 1.8, 1), metric: 'p50Ms' },
  { ...rate('idle', 'bullmq', 1.5, 1), metric: 'p99Ms' },
  { ...rate('delayed-10000', 'bullmq', 0.2, 0.05), metric: 'p99Ms' },
  { ...rate('bytes', 'bullmq', 0.6, 0.4), metric: 'redisBytes' },
  { ...rate('drain-large', 'millrace', 0.9, 1), againstScenario: 'drain' },
  { ...rate('rest-callers', 'fastify-insert', 2, 4), ours: 'millrace-rest' },
];

/** Holds the medians against the goals. */
export function judge(summaries: readonly Summary[], goals: readonly Goal[] = GOALS): Judged[] {
  const medianOf = (scenario: ScenarioName, system: SystemName, metric: Metric) =>
    summaries.find((summary) => summary.scenario === scenario && summary.system === system)?.metrics[metric]?.median;
  return goals.map((goal) => {
    const ours = medianOf(goal.scenario, goal.ours, goal.metric);
    const theirs = medianOf(goal.againstScenario ?? goal.scenario, goal.against, goal.metric);
    if (ours === undefined || theirs === undefined) return { ...goal, ratio: null, verdict: null };
    const ratio = ours / theirs;
    return { ...goal, ratio, verdict: verdictOn(ratio, goal) };
  });
}

function verdictOn(ratio: number, { metric, floor, aim }: Goal): Verdict {
  const reaches = (bound: number) => (metric === 'perSecond' ? ratio >= bound : ratio <= bound);
  if (reaches(aim)) return 'aim';
  return reaches(floor) ? 'floor' : 'missed';
}
