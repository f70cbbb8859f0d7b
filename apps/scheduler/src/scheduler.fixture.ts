import { createQueues, QueueOptions, type QueueAccess } from '@millrace/queue';
import { migrate, openStore, StoreOptions, type Store } from '@millrace/store';
import { TaskPolicy, TaskSubmitter } from '@millrace/tasks';

/** Open connections to both stores, and what submits through them. */
export interface OpenStores {
  readonly store: Store;
  readonly access: QueueAccess;
  readonly policy: TaskPolicy;
  readonly submitter: TaskSubmitter;
  close(): Promise<void>;
}

/** Migrates and opens the given stores. */
export async function openStores(databaseUrl: string, redisUrl: string, prefix: string): Promise<OpenStores> {
  await migrate(databaseUrl, () => undefined);
  const store = await openStore(new StoreOptions({ databaseUrl }));
  const access = createQueues(new QueueOptions({ redisUrl, prefix }));
  const policy = new TaskPolicy();
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
