import { join } from 'node:path';
import { cloneFolder } from '@millrace/stack';
import { expect, it } from 'vitest';
import { readable } from './report';
import { forgetLogs, runScenario } from './run-scenario';
import { tour } from './scenarios/mixed-faults';

const SEED = 1;
const TASKS = 40 * tour.long.cycles;

it('a platform under load keeps every promise through each common fault', { timeout: 600_000 }, async () => {
  const { cycles } = tour.long;
  const result = await runScenario(tour, { seed: SEED, cycles, tasks: TASKS, logs: join(cloneFolder(), 'faults') });
  forgetLogs(result);

  expect(result.ok, readable(result)).toBe(true);
  expect(result.verdict.counts).toMatchObject({ promised: TASKS, recorded: TASKS, refused: 0 });
  expect(result.verdict.counts.faults).toBeGreaterThanOrEqual(cycles);
});
