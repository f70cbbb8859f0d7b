import { readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startRedis, type Store } from '@millrace/stack';
import { Redis } from 'ioredis';
import { FaultProxy } from '../fault-proxy';
import { onQuietPort } from '../quiet-port';
import type { Scenario, ScenarioContext } from '../scenario';
import { underLoad } from '../under-load';

/** What a crash of a whole machine may take off the end of the log. */
const LOST_TAIL_BYTES = 64 * 1024;
/** How far the replica is behind when the primary dies. */
const BEHIND_MS = 500;
const SYNC_MS = 10_000;

export const redisTruncated: Scenario = {
  row: '7',
  name: 'redis-aof-truncated',
  promise: 'Redis comes back with the end of its log cut off: what it remembers wrongly starts nothing twice.',
  testbed: { redisPersistence: 'appendonly' },
  long: { cycles: 20, tasks: 2_000 },
  async run(context) {
    const { testbed, nemesis } = context;
    await underLoad(context, async () => {
      nemesis.note(`kill -9 redis, and the last ${LOST_TAIL_BYTES} bytes of its log are lost`);
      await testbed.redis.kill('SIGKILL');
      cutLog(join(testbed.dataFolder, 'redis', 'appendonlydir'));
      await testbed.redis.restart();
    });
    return {};
  },
};

export const redisFailover: Scenario = {
  row: '8',
  name: 'redis-failover',
  promise:
    'The primary dies while its replica is behind, and the replica takes over: the lost tail is dispatched again.',
  testbed: { network: 'proxied' },
  long: { cycles: 10, tasks: 1_000 },
  async run(context) {
    await underLoad(context, (cycle) => failOver(context, cycle), { overMs: 4_000 });
    return {};
  },
};

/** Cuts the file that Redis appends to at the moment. */
function cutLog(folder: string): void {
  for (const name of readdirSync(folder).filter((file) => file.includes('.incr.'))) {
    const path = join(folder, name);
    truncateSync(path, Math.max(0, statSync(path).size - LOST_TAIL_BYTES));
  }
}

async function failOver({ testbed, nemesis }: ScenarioContext, cycle: number): Promise<void> {
  const old = testbed.redis;
  const line = await FaultProxy.start(old.port);
  const replica = await startReplica(testbed.dataFolder, testbed.folder, cycle, line.port);
  const client = new Redis(replica.url);
  try {
    await untilInSync(client);
    nemesis.note('the replica falls behind');
    line.play({ swallow: 'replies' });
    await sleep(BEHIND_MS);
    nemesis.note('kill -9 of the primary; the replica takes over');
    await old.kill('SIGKILL');
    await client.replicaof('NO', 'ONE');
    testbed.replaceRedis(replica);
  } finally {
    client.disconnect();
    await line.close();
  }
}

async function startReplica(dataFolder: string, logs: string, cycle: number, primaryPort: number): Promise<Store> {
  return onQuietPort((port) =>
    startRedis({
      dataDir: join(dataFolder, `redis-${cycle}`),
      port,
      persistence: 'none',
      log: join(logs, 'redis.log'),
      extraArgs: ['--replicaof', `127.0.0.1 ${primaryPort}`, '--repl-diskless-sync-delay', '0'],
    }),
  );
}

async function untilInSync(client: Redis): Promise<void> {
  const giveUpAtMs = performance.now() + SYNC_MS;
  while (!/^master_link_status:up/m.test(await client.info('replication'))) {
    if (performance.now() > giveUpAtMs) throw new Error('The replica did not catch up');
    await sleep(50);
  }
}
