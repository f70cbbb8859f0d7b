import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import type { ScenarioContext } from './scenario';

/** One fault from its beginning to its end. */
export interface Deed {
  readonly name: string;
  readonly play: (context: ScenarioContext) => Promise<void>;
}

/** Longer than a lease and its grace on a testbed with the usual lease. */
const SEVERAL_LEASES_MS = 9_000;
const SHORT_MS = 2_000;

/** Faults that can be played on any testbed with a proxied network, one after the other or two at a time. */
export const DEEDS: readonly Deed[] = [
  {
    name: 'kill a worker',
    play: async ({ testbed, nemesis, random }) => {
      await nemesis.kill(random.pick(testbed.running('worker')));
      await testbed.fillUp();
    },
  },
  {
    name: 'empty Redis',
    play: async ({ testbed, nemesis }) => {
      const redis = new Redis(testbed.redis.url, { retryStrategy: () => 100 });
      redis.on('error', () => undefined);
      nemesis.note('FLUSHALL');
      await redis.flushall().finally(() => redis.disconnect());
    },
  },
  { name: 'kill Redis', play: ({ nemesis, random }) => nemesis.killStore('redis', random.between(0, SHORT_MS)) },
  {
    name: 'kill PostgreSQL',
    play: ({ nemesis, random }) => nemesis.killStore('postgres', random.between(0, SHORT_MS)),
  },
  {
    name: 'pause a worker',
    play: async ({ testbed, nemesis, random }) => {
      const worker = random.pick(testbed.running('worker'));
      await nemesis.pause(worker);
      await sleep(SEVERAL_LEASES_MS);
      await nemesis.resume(worker);
    },
  },
  { name: 'freeze Redis', play: ({ nemesis }) => nemesis.freezeStore('redis', SEVERAL_LEASES_MS) },
  { name: 'freeze PostgreSQL', play: ({ nemesis }) => nemesis.freezeStore('postgres', SEVERAL_LEASES_MS) },
  {
    name: 'kill an api',
    play: async ({ testbed, nemesis, random }) => {
      await nemesis.kill(random.pick(testbed.running('api')));
      await testbed.fillUp();
    },
  },
  {
    name: 'kill a scheduler',
    play: async ({ testbed, nemesis, random }) => {
      await nemesis.kill(random.pick(testbed.running('scheduler')));
      await testbed.fillUp();
    },
  },
  {
    name: 'end a worker politely',
    play: async ({ testbed, nemesis, random }) => {
      await nemesis.terminate(random.pick(testbed.running('worker')));
      await testbed.fillUp();
    },
  },
  { name: 'lose the answers of Redis', play: (context) => loseAnswers(context, 'redis') },
  { name: 'lose the answers of PostgreSQL', play: (context) => loseAnswers(context, 'postgres') },
];

async function loseAnswers({ testbed, nemesis, random }: ScenarioContext, store: 'redis' | 'postgres'): Promise<void> {
  const worker = random.pick(testbed.running('worker'));
  // A worker that Redis hears nothing from is lost by the rule.
  nemesis.note(`worker ${worker.process.pid}: answers of ${store} are lost`, store === 'redis' ? [worker] : []);
  worker.links?.[store].play({ swallow: 'replies' });
  await sleep(SHORT_MS);
  worker.links?.[store].heal();
  nemesis.note('the line is good again');
}
