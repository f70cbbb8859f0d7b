import { spawn, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario';
import { underLoad } from '../under-load';

const STARVED_MS = 6_000;
const BURN = `const end = Date.now() + ${STARVED_MS}; while (Date.now() < end);`;

export const starved: Scenario = {
  row: '29',
  name: 'cpu-starved',
  promise: 'Other programs take the processors: it takes longer, and nobody is taken for lost.',
  testbed: { leaseMs: 5_000 },
  long: { cycles: 5, tasks: 1_000 },
  async run(context) {
    await underLoad(context, async () => {
      context.nemesis.note('the processors are busy with something else');
      const burners: ChildProcess[] = Array.from({ length: 2 * availableParallelism() }, () =>
        spawn(process.execPath, ['-e', BURN], { stdio: 'ignore' }),
      );
      await sleep(STARVED_MS);
      for (const burner of burners) burner.kill('SIGKILL');
    });
    return {};
  },
};
