import type { Scenario } from '../scenario';
import { underLoad } from '../under-load';

export const workerKill: Scenario = {
  row: '1',
  name: 'worker-kill',
  promise: 'A worker is killed with tasks in its hands: they run again elsewhere, and nothing else does.',
  long: { cycles: 200, tasks: 20_000 },
  async run(context) {
    const { testbed, nemesis, random } = context;
    await underLoad(context, async () => {
      await nemesis.kill(random.pick(testbed.running('worker')));
      await testbed.fillUp();
    });
    return {};
  },
};
