import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { workspaceRoot } from '@millrace/stack';
import { migrate } from '@millrace/store';
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Platform } from './platform';

/** The demo in small: mixed tasks whose counts its web server, its mailbox, REST and SQL must agree on. */
describe('npm run demo', () => {
  let database: TestDatabase;
  let redis: TestRedis;
  let platform: Platform;

  beforeAll(async () => {
    database = await testDatabase();
    redis = await testRedis();
    await migrate(database.url);
    platform = await Platform.start({ databaseUrl: database.url, redisUrl: redis.url, prefix: redis.prefix });
  });

  afterAll(async () => {
    await platform?.stop();
    await redis?.close();
    await database?.drop();
  });

  it('ends with every count agreeing on all sides', { timeout: 180_000 }, async () => {
    const demo = spawn(process.execPath, [join(workspaceRoot, 'dist', 'tools', 'demo', 'main.js'), '--tasks', '300'], {
      cwd: workspaceRoot,
      env: {
        PATH: process.env.PATH,
        HOME: process.env.HOME,
        API_URL: platform.api.url,
        DATABASE_URL: database.url,
        REDIS_URL: redis.url,
        QUEUE_REDIS_PREFIX: redis.prefix,
      },
    });
    let output = '';
    for (const stream of [demo.stdout, demo.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));

    const [code] = (await once(demo, 'exit')) as [number | null];

    expect(code, output).toBe(0);
  });
});
