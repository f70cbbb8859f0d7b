import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { build } from 'rolldown';
import { Program } from '@millrace/runtime';
import { testDatabase, testRedis } from '@millrace/testing';
import { bundleOptions, workspaceRoot } from '../../../../tools/build/options.mjs';
import { openWorkbench, type Workbench } from '../worker.fixture';

/** Stores for one spec file, and the program of `trick-program.fixture.ts` built for it. */
export interface TrickBench extends Workbench {
  /** Path of the program, from the root of the workspace. */
  readonly bundle: string;
  readonly program: Program;
  /** What the program needs to reach these stores. */
  readonly env: Readonly<Record<string, string>>;
  readonly redisUrl: string;
  readonly prefix: string;
}

/** Cells inherit this process's environment, so the stores are named there as well. */
export async function openTrickBench(): Promise<TrickBench> {
  const [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  const prefix = `${redis.prefix}-${randomUUID().slice(0, 8)}`;
  const bench = await openWorkbench({
    databaseUrl: database.url,
    redisUrl: redis.url,
    prefix,
    close: async () => {
      await redis.close();
      await database.drop();
    },
  });
  const bundle = join('dist', 'specs', randomUUID(), 'main.js');
  const options = bundleOptions('libs/runner', 'faults');
  await build({
    ...options,
    input: join(import.meta.dirname, 'trick-program.fixture.ts'),
    output: { ...options.output, file: join(workspaceRoot, bundle) },
  });
  const env = {
    ...{ NODE_ENV: 'test', HOST: '127.0.0.1', LOG_LEVEL: 'error' },
    ...{ DATABASE_URL: database.url, REDIS_URL: redis.url, QUEUE_REDIS_PREFIX: prefix },
  };
  Object.assign(process.env, env);
  return {
    ...bench,
    close: async () => {
      await bench.close();
      await rm(join(workspaceRoot, dirname(bundle)), { recursive: true, force: true });
    },
    bundle,
    program: new Program(join(workspaceRoot, bundle)),
    env,
    redisUrl: redis.url,
    prefix,
  };
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
