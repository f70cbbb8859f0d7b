import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario';
import { underLoad } from '../under-load';
import { steadyWork } from '../workload';

const LEASE_MS = 4_000;

export const pausedWorker: Scenario = {
  row: '3',
  name: 'paused-worker',
  promise:
    'A worker stands still until its tasks were given to another one, and goes on: its late outcomes change nothing.',
  testbed: { leaseMs: LEASE_MS },
  long: { cycles: 50, tasks: 5_000 },
  async run(context) {
    const { testbed, nemesis, random } = context;
    await underLoad(
      context,
      async () => {
        const worker = random.pick(testbed.running('worker'));
        await nemesis.pause(worker);
        // Lost after a lease and a half, which the scheduler measures from when it first looked.
        await sleep(LEASE_MS * 2.5);
        await nemesis.resume(worker);
      },
      { overMs: 4_000, workload: steadyWork(500, 3_000) },
    );
    return {};
  },
};
