import { join } from 'node:path';
import { startRedis, type Store } from '@millrace/stack';
import { eventually } from '@millrace/testing';
import { Redis } from 'ioredis';
import { onQuietPort } from './quiet-port';
import type { Testbed } from './testbed';

const NAME = 'millrace';
const REPLICAS = 2;
const SENTINELS = 3;
const QUORUM = 2;
/** A primary that is silent for so long is down. */
const DOWN_AFTER_MS = 2_000;
const FAILOVER_MS = 10_000;
const PATIENCE_MS = 60_000;

/**
 * Replicas of a testbed's Redis, and Sentinels that make one of them the primary when it dies. What a Service or a load
 * balancer does for clients that know one address is done by the testbed's lines: they lead to whoever the Sentinels say.
 */
export class Sentinels {
  private readonly sentinels: Store[] = [];
  private readonly clients: Redis[] = [];
  private readonly stores: Store[];

  private constructor(private readonly testbed: Testbed) {
    this.stores = [testbed.redis];
  }

  /** Resolves when the replicas are in sync and the Sentinels know of each other. */
  static async start(testbed: Testbed): Promise<Sentinels> {
    const set = new Sentinels(testbed);
    await ask(testbed.redis, (redis) => redis.config('SET', 'repl-diskless-sync-delay', '0'));
    for (let n = 1; n <= REPLICAS; n += 1) {
      const args = ['--replicaof', `127.0.0.1 ${testbed.redis.port}`, '--repl-diskless-sync-delay', '0'];
      set.stores.push(await set.launch(`replica-${n}`, args));
    }
    for (let n = 1; n <= SENTINELS; n += 1) set.sentinels.push(await set.launch(`sentinel-${n}`, ['--sentinel']));
    for (const sentinel of set.sentinels) await set.watch(sentinel);
    await set.untilWhole();
    return set;
  }

  /** Those that follow the primary. */
  get replicas(): readonly Store[] {
    return this.stores.filter((store) => store !== this.testbed.redis);
  }

  /** Resolves when the clients are led to another primary than this one. */
  async untilMovedFrom(primary: Store): Promise<void> {
    await eventually(() => {
      if (this.testbed.redis === primary) throw new Error('The Sentinels have not moved the primary');
    }, PATIENCE_MS);
  }

  /** Resolves when every replica follows the primary without lag, and every Sentinel sees all of them. */
  async untilWhole(): Promise<void> {
    await eventually(async () => {
      for (const store of this.replicas) {
        const replication = await ask(store, (redis) => redis.info('replication'));
        const follows = replication.includes(`master_port:${this.testbed.redis.port}\r\n`);
        if (!follows || !/^master_link_status:up/m.test(replication)) throw new Error('A replica does not follow');
      }
      for (const sentinel of this.sentinels) {
        const known = await ask(sentinel, (redis) => redis.info('sentinel'));
        if (!known.includes(`status=ok,address=127.0.0.1:${this.testbed.redis.port},slaves=${REPLICAS},sentinels=3`))
          throw new Error(`A Sentinel does not know all: ${known}`);
      }
    }, PATIENCE_MS);
  }

  /** Ends everything but the primary. */
  async stop(): Promise<void> {
    for (const client of this.clients) client.disconnect();
    await Promise.all(this.sentinels.map((sentinel) => sentinel.stop()));
    await Promise.all(this.replicas.map((replica) => replica.stop()));
  }

  private launch(name: string, extraArgs: readonly string[]): Promise<Store> {
    const { dataFolder, folder } = this.testbed;
    return onQuietPort((port) =>
      startRedis({
        dataDir: join(dataFolder, name),
        port,
        persistence: 'none',
        log: join(folder, 'redis.log'),
        extraArgs,
      }),
    );
  }

  private async watch(sentinel: Store): Promise<void> {
    await ask(sentinel, async (redis) => {
      await redis.call('SENTINEL', 'MONITOR', NAME, '127.0.0.1', String(this.testbed.redis.port), String(QUORUM));
      await redis.call('SENTINEL', 'SET', NAME, 'down-after-milliseconds', String(DOWN_AFTER_MS));
      await redis.call('SENTINEL', 'SET', NAME, 'failover-timeout', String(FAILOVER_MS));
    });
    const follower = new Redis(sentinel.url, { enableReadyCheck: false });
    follower.on('error', () => undefined);
    follower.on('message', (_, text: string) => this.follow(Number(text.split(' ')[4])));
    await follower.subscribe('+switch-master');
    this.clients.push(follower);
  }

  private follow(port: number): void {
    const primary = this.stores.find((store) => store.port === port);
    if (primary && primary !== this.testbed.redis) this.testbed.replaceRedis(primary);
  }
}

async function ask<T>({ url }: Store, question: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url, { enableReadyCheck: false, maxRetriesPerRequest: 1 });
  redis.on('error', () => undefined);
  try {
    return await question(redis);
  } finally {
    redis.disconnect();
  }
}
