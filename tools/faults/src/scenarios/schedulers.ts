import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario, ScenarioContext } from '../scenario';
import { SlotWatch, TICKING_SCHEDULER } from '../slot-watch';
import type { Service } from '../testbed';
import { underLoad } from '../under-load';

const REPLICAS = 3;
const SECOND_MS = 1_000;
/** Slots are due at the full second and fired some milliseconds after it: that is when a fault hits. */
const FIRING_MS = 30;
/** PostgreSQL ends the transaction of a process that has stood still for ten seconds; the shorter one lives on. */
const PAUSES_MS = [3_000, 12_000] as const;

export const schedulers: Scenario = {
  row: '18',
  name: 'schedulers',
  promise:
    'Of three schedulers one is killed, another stands still and comes back, or both at once: every slot has one task.',
  // Ten minutes.
  long: { cycles: 78, tasks: 3_900 },
  async run(context) {
    const { testbed, nemesis, random } = context;
    const add = () => testbed.add('scheduler', { bundle: TICKING_SCHEDULER });
    let replicas: Service[] = await Promise.all(Array.from({ length: REPLICAS }, add));
    const kill = async (victim: Service) => {
      await nemesis.kill(victim);
      replicas = [...replicas.filter((replica) => replica !== victim), await add()];
    };
    const stop = async (victim: Service) => {
      await nemesis.pause(victim);
      await sleep(random.pick(PAUSES_MS));
      await nemesis.resume(victim);
    };
    const watch = await SlotWatch.begin(testbed);
    const startedMs = performance.now();
    await underLoad(
      context,
      async (cycle) => {
        const first = random.pick(replicas);
        const second = random.pick(replicas.filter((replica) => replica !== first));
        await untilFiring(context);
        if (cycle % 3 === 1) await kill(first);
        else if (cycle % 3 === 2) await stop(first);
        else await Promise.all([kill(first), stop(second)]);
      },
      { overMs: 6_000 },
    );
    const seconds = Math.round((performance.now() - startedMs) / 1_000);
    const complaints = await watch.end();
    for (const replica of replicas) await nemesis.terminate(replica);
    return { measures: { seconds }, complaints };
  },
};

/** The harness and the stores share a machine, and so its clock. */
function untilFiring({ random }: ScenarioContext): Promise<void> {
  return sleep(SECOND_MS - (Date.now() % SECOND_MS) + random.between(0, FIRING_MS));
}
