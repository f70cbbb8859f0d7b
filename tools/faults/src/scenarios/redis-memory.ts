import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { Scenario, ScenarioContext } from '../scenario';
import { underLoad } from '../under-load';

/** Below what an empty Redis uses already: everything that asks for memory is refused. */
const NO_MEMORY = '1mb';
const FULL_MS = 4_000;

export const redisFull: Scenario = {
  row: '10',
  name: 'redis-full',
  promise: 'Redis has no memory left: submits are recorded, what is queued goes on being worked off, the rest follows.',
  long: { cycles: 10, tasks: 2_000 },
  async run(context) {
    const seen = await limitMemory(context, 'noeviction', NO_MEMORY);
    return {
      measures: seen,
      complaints: [
        ...(seen.refusedSubmits > 0 ? [`${seen.refusedSubmits} submits were not taken while Redis was full`] : []),
        ...(seen.endedWhileFull === 0 ? ['nothing was worked off while Redis was full'] : []),
      ],
    };
  },
};

export const redisEvicting: Scenario = {
  row: '10',
  name: 'redis-evicting',
  promise: 'Redis throws keys away to make room, which it must not: the record makes up for it.',
  long: { cycles: 10, tasks: 2_000 },
  async run(context) {
    const redis = new Redis(context.testbed.redis.url);
    const used = Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1] ?? 0);
    redis.disconnect();
    await limitMemory(context, 'allkeys-random', String(used + 64 * 1024));
    return {};
  },
};

async function limitMemory(
  context: ScenarioContext,
  policy: string,
  memory: string,
): Promise<{ readonly refusedSubmits: number; readonly endedWhileFull: number }> {
  const { testbed, nemesis, load } = context;
  const redis = new Redis(testbed.redis.url);
  let [refusedSubmits, endedWhileFull] = [0, 0];
  try {
    await underLoad(context, async () => {
      const before = { answers: load.answers.length, ended: await endedTasks(context) };
      nemesis.note(`maxmemory ${memory} ${policy}`);
      await redis.config('SET', 'maxmemory-policy', policy);
      await redis.config('SET', 'maxmemory', memory);
      await sleep(FULL_MS);
      refusedSubmits += load.answers.slice(before.answers).filter(({ kind }) => kind !== 'ok').length;
      endedWhileFull += (await endedTasks(context)) - before.ended;
      await redis.config('SET', 'maxmemory', '0');
      await redis.config('SET', 'maxmemory-policy', 'noeviction');
      nemesis.note('enough memory again');
    });
  } finally {
    redis.disconnect();
  }
  return { refusedSubmits, endedWhileFull };
}

async function endedTasks({ testbed }: ScenarioContext): Promise<number> {
  const [url] = testbed.apiUrls;
  const answer = await fetch(`${url}/api/v1/tasks/stats`);
  const { success, failed } = (await answer.json()) as { success: number; failed: number };
  return success + failed;
}
