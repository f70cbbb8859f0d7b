import { randomBytes } from 'node:crypto';
import type { QueueTask } from '@millrace/contracts';
import { ownRedis, testRedis, type OwnRedis } from '@millrace/testing';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createQueues, type QueueAccess } from './create-queues';
import { queueKeys, type QueueKeys } from './keys';
import type { Dispatch } from './queue-entries';
import { QueueOptions } from './queue-options';
import type { TaskQueue } from './task-queue';

/** One spec file's access to Redis. */
export interface QueueFixture {
  readonly access: QueueAccess;
  /** A plain client, for what another program would do. */
  readonly redis: Redis;
  readonly options: QueueOptions;
  /** Counts of unreadable entries that were reported, in order. */
  readonly bad: readonly number[];
  /** A queue that no other test uses, and its keys. */
  freshQueue(): { readonly queue: TaskQueue; readonly keys: QueueKeys };
  close(): Promise<void>;
}

export async function queueFixture(): Promise<QueueFixture> {
  // What is logged here is provoked on purpose.
  Logger.overrideLogger(false);
  const server = await testRedis();
  const bad: number[] = [];
  const options = new QueueOptions({
    redisUrl: server.url,
    prefix: server.prefix,
    onBadEntries: (_queue, count) => bad.push(count),
  });
  const access = createQueues(options);
  return {
    access,
    redis: server.redis,
    options,
    bad,
    freshQueue: () => {
      const name = `q${randomBytes(4).toString('hex')}`;
      return { queue: access.queues.of(name), keys: queueKeys(server.prefix, name) };
    },
    close: async () => {
      await access.close();
      await server.close();
    },
  };
}

/** A server that the tests of one file may fill, freeze and kill. */
export interface OwnServer {
  readonly server: OwnRedis;
  /** New for each test, on the server without keys. */
  readonly access: QueueAccess;
  /** The default queue. */
  readonly queue: TaskQueue;
}

/** Registers the hooks that keep it; what it answers is there once a test runs. */
export function ownServer(): OwnServer {
  let server: OwnRedis;
  let access: QueueAccess;
  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await ownRedis();
  });
  afterAll(() => server.close());
  beforeEach(async () => {
    await server.redis.flushall();
    access = createQueues(new QueueOptions({ redisUrl: server.url }));
  });
  afterEach(() => access.close());
  return {
    get server() {
      return server;
    },
    get access() {
      return access;
    },
    get queue() {
      return access.queues.of('default');
    },
  };
}

/** A dispatch of a task that did not start yet; `entry` overrides its fields. */
export function dispatch(id: string, entry: Partial<QueueTask> = {}, dueAtMs?: number): Dispatch {
  return {
    entry: { id, name: 'noop', payload: { n: 1 }, attempt: 0, ...entry },
    ...(dueAtMs !== undefined && { dueAtMs }),
  };
}

export const idsOf = (claims: readonly { readonly taskId: string }[]): string[] => claims.map(({ taskId }) => taskId);

/** A claim of ten under a lease of 30 s. */
export const CLAIM = { workerId: 'worker-1', limit: 10, leaseMs: 30_000 } as const;

/** Far enough away not to come while a test runs. */
export const IN_AN_HOUR = 3_600_000;
