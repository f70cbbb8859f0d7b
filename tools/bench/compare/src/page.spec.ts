import { expect, it } from 'vitest';
import type { Measurement } from './measurement';
import { pageOf } from './page';
import type { Report } from './report';
import type { SystemName } from './systems';

function measurement(system: SystemName, perSecond: number): Measurement {
  const cost = { cpuMsPerThousand: { worker: 50 }, foreignCores: 0 };
  const about = { scenario: 'drain', system, round: 1, tasks: 30_000 } as const;
  return { ...about, values: { perSecond }, cost, peakRssMib: {}, wrong: [] };
}

const report = (...measurements: Measurement[]): Report => ({
  ...{ at: '2026-01-02T03:04:05.000Z', command: 'npm run bench', form: 'full', rounds: 1, measurements },
  machine: { cpu: 'a processor', cores: 2, memoryGib: 8, system: 'linux' },
  versions: { PostgreSQL: '18', Redis: '7' },
  stores: { postgres: 'fsync on', redis: 'no persistence' },
});

it('says where another system is better', () => {
  const page = pageOf(report(measurement('millrace', 10_000), measurement('graphile-worker', 20_000)));

  expect(page).toContain('- Drain by one worker process: Graphile Worker 20,000, Millrace 10,000 (tasks/s)');
});

it('holds ours against the goals, and says what was not measured', () => {
  const page = pageOf(report(measurement('millrace', 10_000), measurement('bullmq', 4_000)));

  expect(page).toContain('| drain | BullMQ | 2.50x | 2x | 3.5x | floor reached |');
  expect(page).toContain('| drain | Graphile Worker | not measured | 0.8x | 1.3x |  |');
});
