import { Redis } from 'ioredis';
import type { Scenario } from '../scenario';
import { REDIS_PREFIX } from '../testbed';
import { underLoad } from '../under-load';

/** Every key of the default queue, by its name after the prefix. */
const KEYS = ['tasks', 'tasks:5', 'delayed_tasks', 'idx', 'processing', 'leases', 'workers', 'epoch', 'unrecorded'];

export const redisKill: Scenario = {
  row: '5',
  name: 'redis-kill',
  promise:
    'Redis is killed and comes back empty: submits are taken meanwhile, and tasks on live workers are not run again.',
  long: { cycles: 50, tasks: 5_000 },
  async run(context) {
    const { nemesis, random } = context;
    await underLoad(context, () => nemesis.killStore('redis', random.between(0, 3_000)));
    return {};
  },
};

export const redisFlush: Scenario = {
  row: '6',
  name: 'redis-flush',
  promise:
    'FLUSHALL, and the deletion of each single key: everything is dispatched again, and nothing that runs is run again.',
  long: { cycles: 50, tasks: 5_000 },
  async run(context) {
    const { testbed, nemesis } = context;
    const redis = new Redis(testbed.redis.url);
    try {
      await underLoad(context, async (cycle) => {
        // Every other time everything goes, and in between one key after the other.
        const key = cycle % 2 === 1 ? undefined : KEYS[(cycle / 2 - 1) % KEYS.length];
        nemesis.note(key === undefined ? 'FLUSHALL' : `DEL ${key}`);
        if (key === undefined) await redis.flushall();
        else await redis.del(`${REDIS_PREFIX}:${key}`);
        await redis.script('FLUSH');
      });
    } finally {
      redis.disconnect();
    }
    return {};
  },
};
