import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario } from '../scenario';
import type { Service } from '../testbed';
import { complaintsAbout, countTicks, TICKING_SCHEDULER } from '../ticks';
import { underLoad } from '../under-load';

const REPLICAS = 3;
const PAUSED_MS = 8_000;

export const schedulers: Scenario = {
  row: '18',
  name: 'schedulers',
  promise:
    'Of three schedulers one after the other is killed, or stands still and comes back: every slot has one task.',
  long: { cycles: 40, tasks: 2_000 },
  async run(context) {
    const { testbed, nemesis, random } = context;
    const add = () => testbed.add('scheduler', { bundle: TICKING_SCHEDULER });
    let replicas: Service[] = await Promise.all(Array.from({ length: REPLICAS }, add));
    await underLoad(
      context,
      async (cycle) => {
        const victim = random.pick(replicas);
        if (cycle % 2 === 1) {
          await nemesis.kill(victim);
          replicas = [...replicas.filter((replica) => replica !== victim), await add()];
          return;
        }
        await nemesis.pause(victim);
        await sleep(PAUSED_MS);
        await nemesis.resume(victim);
      },
      { overMs: 6_000 },
    );
    for (const replica of replicas) await nemesis.terminate(replica);
    const ticks = await countTicks(testbed);
    return { measures: { ...ticks }, complaints: complaintsAbout(ticks) };
  },
};
