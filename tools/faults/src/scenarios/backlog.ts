import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Scenario, ScenarioContext } from '../scenario';
import { REDIS_PREFIX } from '../testbed';
import { steadyWork } from '../workload';

const BULK = 1_000;
const DISPATCHED_MS = 60_000;

export const backlog: Scenario = {
  row: '26',
  name: 'backlog',
  promise: 'Redis loses a long backlog: all of it is dispatched again within a minute, and worked off.',
  testbed: { slots: 100 },
  long: { cycles: 3, tasks: 100_000 },
  async run(context) {
    const { testbed, nemesis, load, cycles, tasks } = context;
    const redis = new Redis(testbed.redis.url);
    try {
      for (const worker of testbed.running('worker')) await nemesis.terminate(worker);
      await load.submit(tasks, { bulk: BULK, workload: steadyWork(0, 0) });
      let slowestMs = 0;
      for (let cycle = 1; cycle <= cycles; cycle += 1) {
        nemesis.note('FLUSHALL');
        await redis.flushall();
        slowestMs = Math.max(slowestMs, await untilDispatched(context, redis));
        context.say(`wipe ${cycle} of ${cycles}: the slowest was made up for in ${slowestMs} ms`);
      }
      return {
        measures: { slowestRepairMs: slowestMs },
        complaints: slowestMs > DISPATCHED_MS ? [`it took ${slowestMs} ms to dispatch the backlog again`] : [],
      };
    } finally {
      redis.disconnect();
    }
  },
};

async function untilDispatched({ tasks }: ScenarioContext, redis: Redis): Promise<number> {
  const startedAtMs = performance.now();
  while ((await redis.llen(`${REDIS_PREFIX}:tasks`)) < tasks) {
    if (performance.now() - startedAtMs > 5 * DISPATCHED_MS) break;
    await sleep(100);
  }
  return Math.round(performance.now() - startedAtMs);
}
