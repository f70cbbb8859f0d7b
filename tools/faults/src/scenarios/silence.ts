import { setTimeout as sleep } from 'node:timers/promises';
import type { Scenario, ScenarioContext } from '../scenario';
import { underLoad } from '../under-load';
import { steadyWork } from '../workload';

/** Several leases. */
const FROZEN_MS = 14_000;
/** Runs through the whole silence. */
const LONG_WORK = steadyWork(2_000, 16_000);

export const redisFrozen: Scenario = {
  row: '12b',
  name: 'redis-frozen',
  promise:
    'Redis stands still for several leases while tasks run: nobody is taken for lost on the silence of the witness.',
  testbed: { slots: 60 },
  long: { cycles: 10, tasks: 600 },
  async run(context) {
    const { nemesis } = context;
    await underLoad(context, () => nemesis.freezeStore('redis', FROZEN_MS), { overMs: 4_000, workload: LONG_WORK });
    return {};
  },
};

export const schedulerCutOff: Scenario = {
  row: '12b',
  name: 'scheduler-cut-off',
  promise:
    'The schedulers alone lose a store for several leases: when they hear it again, they rescue nobody who lives.',
  testbed: { network: 'proxied', slots: 60 },
  long: { cycles: 10, tasks: 600 },
  async run(context) {
    await underLoad(context, (cycle) => cutOffSchedulers(context, cycle % 2 === 1 ? 'redis' : 'postgres'), {
      ...{ overMs: 4_000, workload: LONG_WORK },
    });
    return {};
  },
};

async function cutOffSchedulers({ testbed, nemesis }: ScenarioContext, store: 'redis' | 'postgres'): Promise<void> {
  const schedulers = testbed.running('scheduler');
  nemesis.note(`the schedulers lose ${store} for ${FROZEN_MS} ms`);
  for (const { links } of schedulers) links?.[store].play({ swallow: 'both' });
  await sleep(FROZEN_MS);
  for (const { links } of schedulers) links?.[store].heal();
  nemesis.note(`the schedulers hear ${store} again`);
}
