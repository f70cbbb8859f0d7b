import { randomBytes, randomInt } from 'node:crypto';
import { join } from 'node:path';
import { createRunFolder, freePort, removeRunFolder, startRedis, type Store } from '@millrace/stack';
import { Redis } from 'ioredis';

/** A Redis for one spec file, which shares the server with others and keeps to its own prefix. */
export interface TestRedis {
  readonly url: string;
  /** Random; every key of the spec begins with it. */
  readonly prefix: string;
  /** A plain client, for what another program would do. */
  readonly redis: Redis;
  /** Removes the keys under the prefix and ends the client. */
  close(): Promise<void>;
}

/** A private server that the spec may kill, restart, pause and flush. */
export interface OwnRedis extends Store {
  /** A plain client. It is lost with the server and connects again by itself. */
  readonly redis: Redis;
  /** Ends the client and the server and removes its folder. */
  close(): Promise<void>;
}

/** Uses the server that `TEST_REDIS_URL` names, or else starts one for this spec file. */
export async function testRedis(): Promise<TestRedis> {
  const given = process.env.TEST_REDIS_URL;
  const own = given ? undefined : await ownRedis();
  const url = given ?? own?.url ?? '';
  const redis = new Redis(url);
  const prefix = `test-${randomBytes(6).toString('hex')}`;
  return {
    url,
    prefix,
    redis,
    close: async () => {
      if (!own) await removeKeys(redis, prefix);
      redis.disconnect();
      await own?.close();
    },
  };
}

/**
 * Starts a private server on a free port; `extraArgs` are settings as on the command line, such as
 * `['--maxmemory', '16mb']`. With `cluster` it is a node of a Redis Cluster that owns no slots yet.
 */
export async function ownRedis({
  persistence = 'none',
  extraArgs = [],
  cluster,
}: {
  persistence?: 'appendonly' | 'none';
  extraArgs?: readonly string[];
  cluster?: 'node';
} = {}): Promise<OwnRedis> {
  const folder = createRunFolder();
  const server = await startRedis({
    dataDir: join(folder, 'redis'),
    persistence,
    log: join(folder, 'redis.log'),
    extraArgs: cluster ? [...extraArgs, '--cluster-enabled', 'yes'] : extraArgs,
    // The nodes of a Cluster talk to each other on the port 10,000 above.
    port: cluster ? await freePort(20_000 + randomInt(20_000)) : undefined,
  });
  const redis = new Redis(server.url, { retryStrategy: () => 50 });
  // The spec stops the server on purpose; what it expects of that it checks itself.
  redis.on('error', () => undefined);
  return {
    url: server.url,
    port: server.port,
    get pid() {
      return server.pid;
    },
    get exited() {
      return server.exited;
    },
    redis,
    stop: () => server.stop(),
    kill: (name) => server.kill(name),
    restart: () => server.restart(),
    close: async () => {
      redis.disconnect();
      await server.stop();
      await removeRunFolder(folder);
    },
  };
}

async function removeKeys(redis: Redis, prefix: string): Promise<void> {
  for await (const keys of redis.scanStream({ match: `${prefix}*`, count: 1_000 }) as AsyncIterable<string[]>)
    if (keys.length > 0) await redis.unlink(...keys);
}
