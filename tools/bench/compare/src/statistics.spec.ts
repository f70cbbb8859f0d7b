import { expect, it } from 'vitest';
import type { Measurement } from './measurement';
import { median, summarize } from './statistics';

function measurement(round: number, perSecond: number, wrong: readonly string[] = []): Measurement {
  const cost = { cpuMsPerThousand: { worker: perSecond / 10 }, foreignCores: round / 10 };
  const about = { scenario: 'drain', system: 'millrace', round, tasks: 100 } as const;
  return { ...about, values: { perSecond }, cost, peakRssMib: { worker: 100 + round }, wrong };
}

it('takes the middle of an odd number of rounds, and the mean of the middle two of an even one', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([9, 1, 5, 7])).toBe(6);
});

it('sums rounds up by median and spread', () => {
  const [summary] = summarize([measurement(1, 300), measurement(2, 100), measurement(3, 200)]);

  expect(summary?.metrics.perSecond).toEqual({ median: 200, min: 100, max: 300, rounds: 3 });
  expect(summary?.cpuMsPerThousand).toEqual({ worker: 20 });
  expect(summary?.peakRssMib).toEqual({ worker: 103 });
  expect(summary?.foreignCores).toBe(0.3);
});

it('leaves out a run whose record was wrong, and says why', () => {
  const [summary] = summarize([measurement(1, 300), measurement(2, 9_000, ['5 tasks failed'])]);

  expect(summary?.metrics.perSecond).toMatchObject({ median: 300, rounds: 1 });
  expect(summary?.wrong).toEqual(['5 tasks failed']);
});
