import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Scenario, ScenarioContext } from '../scenario';
import { REDIS_PREFIX } from '../testbed';
import { steadyWork, type Workload } from '../workload';

const BULK = 1_000;
const DISPATCHED_MS = 60_000;
/** The backlog waits in a queue that no worker serves before the end, so that it is as long at each wipe. */
const QUEUE = 'later';
/** Tasks that run at each wipe, and how long submits of them go on around it. */
const LIVE = 30;
const LIVE_OVER_MS = 3_000;

export const backlog: Scenario = {
  row: '26',
  name: 'backlog',
  promise:
    'Redis loses a long backlog under load: all of it is dispatched again within a minute, and nothing that runs is run again.',
  testbed: { slots: 100 },
  long: { cycles: 50, tasks: 100_000 },
  async run(context) {
    const { testbed, nemesis, load, random, cycles, tasks, say } = context;
    const redis = new Redis(testbed.redis.url);
    try {
      await load.submit(tasks, { bulk: BULK, workload: waiting });
      let slowestMs = 0;
      for (let cycle = 1; cycle <= cycles; cycle += 1) {
        const wipe = async () => {
          await sleep(random.between(500, LIVE_OVER_MS));
          nemesis.note('FLUSHALL');
          await redis.flushall();
          slowestMs = Math.max(slowestMs, await untilDispatched(context, redis));
        };
        await Promise.all([load.submit(LIVE, { overMs: LIVE_OVER_MS, workload: steadyWork(500, 10_000) }), wipe()]);
        say(`wipe ${cycle} of ${cycles}: the slowest was made up for in ${slowestMs} ms`);
      }
      await testbed.add('worker', { env: { QUEUE_QUEUES: QUEUE } });
      return {
        measures: { slowestRepairMs: slowestMs },
        complaints: slowestMs > DISPATCHED_MS ? [`it took ${slowestMs} ms to dispatch the backlog again`] : [],
      };
    } finally {
      redis.disconnect();
    }
  },
  expects: ({ counts: { extraStarts } }) => (extraStarts > 0 ? [`${extraStarts} tasks were started again`] : []),
};

const waiting: Workload = (taskId, random) => {
  const { body, expect } = steadyWork(0, 0)(taskId, random);
  return { body: { ...body, queue: QUEUE }, expect };
};

async function untilDispatched({ tasks }: ScenarioContext, redis: Redis): Promise<number> {
  const startedAtMs = performance.now();
  while ((await redis.llen(`${REDIS_PREFIX}:${QUEUE}:tasks`)) < tasks) {
    if (performance.now() - startedAtMs > 5 * DISPATCHED_MS) break;
    await sleep(100);
  }
  return Math.round(performance.now() - startedAtMs);
}
