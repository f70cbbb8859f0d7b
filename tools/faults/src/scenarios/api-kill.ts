import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario';
import { underLoad } from '../under-load';
import { steadyWork } from '../workload';

const BULK = 500;

export const apiKill: Scenario = {
  row: '21',
  name: 'api-kill-mid-bulk',
  promise: 'An api is killed while it takes bulks: each is recorded whole or not at all, and its key gives it once.',
  long: { cycles: 20, tasks: 40_000 },
  async run(context) {
    const { testbed, nemesis, random } = context;
    await underLoad(
      context,
      async () => {
        // A bulk is under way for some tens of milliseconds: two victims, each at a moment of its own.
        await sleep(random.between(0, 50));
        await nemesis.kill(random.pick(testbed.running('api')));
        await testbed.fillUp();
      },
      { overMs: 500, bulk: BULK, workload: steadyWork(0, 5) },
    );
    return {};
  },
};
