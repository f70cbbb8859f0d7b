import { expect, it } from 'vitest';
import { judge, type Goal } from './goals';
import type { Metric } from './measurement';
import type { Summary } from './statistics';
import type { SystemName } from './systems';

function summary(system: SystemName, metric: Metric, median: number): Summary {
  return {
    ...{ scenario: 'drain', system, tasks: 1, cpuMsPerThousand: {}, foreignCores: null, peakRssMib: {}, wrong: [] },
    metrics: { [metric]: { median, min: median, max: median, rounds: 1 } },
  };
}

const goal = (metric: Metric, floor: number, aim: number): Goal => ({
  ...{ scenario: 'drain', metric, ours: 'millrace', against: 'bullmq', floor, aim },
});

function verdict(goalOf: Goal, ours: number, theirs: number) {
  const { metric } = goalOf;
  return judge([summary('millrace', metric, ours), summary('bullmq', metric, theirs)], [goalOf])[0]?.verdict;
}

it('asks of a rate to be at least so much of the other', () => {
  expect(verdict(goal('perSecond', 2, 3), 300, 100)).toBe('aim');
  expect(verdict(goal('perSecond', 2, 3), 250, 100)).toBe('floor');
  expect(verdict(goal('perSecond', 2, 3), 199, 100)).toBe('missed');
});

it('asks of a time to be at most so much of the other', () => {
  expect(verdict(goal('p99Ms', 1.5, 1), 10, 10)).toBe('aim');
  expect(verdict(goal('p99Ms', 1.5, 1), 15, 10)).toBe('floor');
  expect(verdict(goal('p99Ms', 1.5, 1), 16, 10)).toBe('missed');
});

it('gives no verdict where one of the two was not measured', () => {
  expect(judge([summary('millrace', 'perSecond', 1)], [goal('perSecond', 2, 3)])[0]).toMatchObject({
    ratio: null,
    verdict: null,
  });
});
