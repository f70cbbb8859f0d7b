import { setTimeout as sleep } from 'node:timers/promises';
import type { SubmitOptions } from './load';
import type { ScenarioContext } from './scenario';

/** Cycles between two words about the progress. */
const SAY_EVERY = 10;

/**
 * Plays a fault over and over: in each cycle a share of the tasks is submitted over `overMs` (default 2 s), and the fault
 * begins at a random moment of that time. A cycle ends when both are through.
 */
export async function underLoad(
  { load, random, cycles, tasks, say }: ScenarioContext,
  fault: (cycle: number) => Promise<void>,
  { overMs = 2_000, ...options }: SubmitOptions = {},
): Promise<void> {
  const share = Math.ceil(tasks / cycles);
  for (let cycle = 1; cycle <= cycles; cycle += 1) {
    const beginsAfterMs = random.between(Math.round(overMs * 0.1), Math.round(overMs * 0.7));
    await Promise.all([load.submit(share, { overMs, ...options }), sleep(beginsAfterMs).then(() => fault(cycle))]);
    if (cycle % SAY_EVERY === 0 || cycle === cycles) say(`cycle ${cycle} of ${cycles}, ${load.count} tasks submitted`);
  }
}
