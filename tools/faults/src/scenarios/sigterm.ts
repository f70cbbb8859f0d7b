import type { Scenario } from '../scenario';
import { underLoad } from '../under-load';
import { steadyWork } from '../workload';

export const sigterm: Scenario = {
  row: '30',
  name: 'sigterm-under-load',
  promise:
    'Workers, apis and schedulers are told to end under load: what fits into the grace is finished, nothing runs twice.',
  long: { cycles: 20, tasks: 4_000 },
  async run(context) {
    const { testbed, nemesis, random } = context;
    const codes: (number | null)[] = [];
    await underLoad(
      context,
      async (cycle) => {
        const kind = cycle % 4 === 0 ? random.pick(['api', 'scheduler'] as const) : 'worker';
        const [code] = await Promise.all([
          nemesis.terminate(random.pick(testbed.running(kind))),
          // Its successor starts at once, as in a rolling deployment.
          testbed.add(kind),
        ]);
        codes.push(code);
      },
      { workload: steadyWork(50, 3_000) },
    );
    const unclean = codes.filter((code) => code !== 0).length;
    return { complaints: unclean > 0 ? [`${unclean} services did not end with exit code 0`] : [] };
  },
  expects: ({ counts: { extraStarts } }) => (extraStarts > 0 ? [`${extraStarts} tasks were started again`] : []),
};
