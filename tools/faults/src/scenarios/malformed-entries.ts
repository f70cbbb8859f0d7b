import { Redis } from 'ioredis';
import type { Random } from '../random';
import type { Scenario } from '../scenario';
import { REDIS_PREFIX } from '../testbed';
import { underLoad } from '../under-load';

/** Entries of one cycle. */
const ENTRIES = 1_000;
const KEPT = 1_000;

export const malformedEntries: Scenario = {
  row: '24',
  name: 'malformed-entries',
  promise:
    'Somebody writes rubbish, forged and doubled entries into the queue: it is set aside, and the consumer never stops.',
  long: { cycles: 20, tasks: 2_000 },
  async run(context) {
    const { testbed, nemesis, random, load } = context;
    const redis = new Redis(testbed.redis.url);
    const pids = testbed.running('worker').map(({ process }) => process.pid);
    try {
      await underLoad(context, async () => {
        nemesis.note(`${ENTRIES} bad entries`);
        const entries = Array.from({ length: ENTRIES }, () => badEntry(random, load.promisedIds));
        await redis.lpush(`${REDIS_PREFIX}:tasks`, ...entries.filter((_, n) => n % 2 === 0));
        const due = entries.filter((_, n) => n % 2 === 1).flatMap((entry) => [random.between(0, 1_000), entry]);
        await redis.zadd(`${REDIS_PREFIX}:delayed_tasks`, ...due);
      });
      const kept = await redis.llen(`${REDIS_PREFIX}:bad`);
      const alive = testbed.running('worker').filter(({ process }) => pids.includes(process.pid)).length;
      return {
        measures: { entries: ENTRIES * context.cycles, keptAside: kept },
        complaints: [
          ...(alive < pids.length ? [`${pids.length - alive} workers ended`] : []),
          ...(kept > KEPT ? [`${kept} bad entries are kept`] : []),
        ],
      };
    } finally {
      redis.disconnect();
    }
  },
};

/** `promised`: only these are forged, since a raw entry may take an id that is not taken yet. */
function badEntry(random: Random, promised: readonly string[]): string | Buffer {
  const known = promised.length > 0 ? random.pick(promised) : '';
  const kinds: readonly (() => string | Buffer)[] = [
    () => 'no json at all',
    () => random.pick(['null', '[]', '5', 'true', '""', '{}', '*', '{"id":5}', '{"id":""}', '{"name":"effect"}']),
    () => JSON.stringify({ id: `nobody-${random.between(1, 1e9)}`, attempt: random.between(0, 9), name: 'effect' }),
    () => JSON.stringify({ id: 'bad id with spaces', name: 'effect', payload: {} }),
    () => JSON.stringify({ id: known, attempt: random.between(0, 5), name: 'effect', payload: { sleep: 1 } }),
    () => JSON.stringify({ id: known, name: 'noop', payload: { forged: true }, max_retry: 9 }),
    () => `{"id":"${known}","attempt":${'9'.repeat(40)},"name":"effect"}`,
    () => `{"id":"${known}","name":"effect","payload":${'['.repeat(5_000)}`,
    () => `${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`,
    () => JSON.stringify({ id: known, attempt: 0, name: 'effect', payload: 'x'.repeat(random.between(1, 20_000)) }),
    () => Buffer.from(Array.from({ length: random.between(1, 200) }, () => random.between(0, 255))),
    () => JSON.stringify({ id: known, attempt: 0.5, name: 'effect' }),
    () => JSON.stringify({ id: known, attempt: 0, name: 'effect' }).slice(0, -random.between(1, 20)),
  ];
  return random.pick(kinds)();
}
