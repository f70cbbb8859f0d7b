import { expect, it } from 'vitest';
import { costOf, type Usage } from './usage';

const usage = (atMs: number, worker: number, machineMs: number | null): Usage => ({
  ...{ atMs, byProcess: { worker }, watcherMs: 0, machineMs },
});

it('counts the cores that others kept busy, without those of the measured processes', () => {
  const cost = costOf(usage(0, 100, 1_000), usage(1_000, 600, 2_200), 1_000);

  expect(cost.cpuMsPerThousand).toEqual({ worker: 500 });
  expect(cost.foreignCores).toBeCloseTo(0.7);
});

it('does not know of others where the system does not tell', () => {
  expect(costOf(usage(0, 0, null), usage(1_000, 10, null), 10).foreignCores).toBeNull();
});
