import { DEEDS } from '../deeds';
import type { Scenario } from '../scenario';
import { underLoad } from '../under-load';

export const tour: Scenario = {
  row: '32',
  name: 'tour',
  promise: 'Each common fault once, one after the other, under load: the short form of the suite.',
  testbed: { network: 'proxied' },
  long: { cycles: DEEDS.length, tasks: 600 },
  async run(context) {
    await underLoad(context, async (cycle) => {
      await DEEDS[(cycle - 1) % DEEDS.length]?.play(context);
    });
    return {};
  },
};

export const soak: Scenario = {
  row: '32',
  name: 'soak',
  promise: 'Two faults at a time, chosen at random, over and over.',
  testbed: { network: 'proxied' },
  long: { cycles: 100, tasks: 10_000 },
  async run(context) {
    const { random, testbed } = context;
    await underLoad(context, async () => {
      const pair = [random.pick(DEEDS), random.pick(DEEDS)];
      // The second may find nobody left to harm; what is missing is there again after each pair.
      await Promise.allSettled(pair.map(({ play }) => play(context)));
      await testbed.heal();
    });
    return {};
  },
};
