import { createQueues, QueueOptions, type QueueAccess } from '@millrace/queue';
import { migrate, openStore, StoreOptions, type Store } from '@millrace/store';
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, beforeAll } from 'vitest';
import { TaskPolicy } from './task-policy';
import { TaskSubmitter } from './task-submitter';

/** Open connections to both stores, and what submits through them. */
export interface OpenStores {
  readonly store: Store;
  readonly access: QueueAccess;
  readonly policy: TaskPolicy;
  readonly submitter: TaskSubmitter;
  close(): Promise<void>;
}

export interface StorePlaces {
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly prefix: string;
}

/** Stores that nobody else uses. */
export interface TestStores extends OpenStores {
  readonly database: TestDatabase;
  readonly redis: TestRedis;
}

/** Migrates and opens the given stores. */
export async function openStores(places: StorePlaces, policy = new TaskPolicy()): Promise<OpenStores> {
  await migrate(places.databaseUrl, () => undefined);
  const store = await openStore(new StoreOptions({ databaseUrl: places.databaseUrl }));
  const access = createQueues(new QueueOptions({ ...places, maxPayloadBytes: policy.maxPayloadBytes }));
  return {
    store,
    access,
    policy,
    submitter: new TaskSubmitter(store.tasks, store.queries, access.queues, policy),
    close: async () => {
      await access.close();
      await store.close();
    },
  };
}

/** Opens stores of its own; `close` removes what is in them too. */
export async function testStores(policy?: TaskPolicy): Promise<TestStores> {
  const [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  const stores = await openStores({ databaseUrl: database.url, redisUrl: redis.url, prefix: redis.prefix }, policy);
  return {
    ...stores,
    database,
    redis,
    close: async () => {
      await stores.close();
      await Promise.all([database.drop(), redis.close()]);
    },
  };
}

/** Gives a spec file stores of its own before its tests, and closes them after those and after its own `afterAll`. */
export function withStores(opened: (stores: TestStores) => void, policy?: TaskPolicy): void {
  let stores: TestStores;
  beforeAll(async () => {
    stores = await testStores(policy);
    opened(stores);
  });
  afterAll(() => stores.close());
}
