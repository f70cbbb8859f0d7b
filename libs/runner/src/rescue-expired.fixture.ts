/**
 * A program for a thread of a spec: a rescuer that goes on while the event loop of the spec is busy. As soon as a lease of
 * the queue has run out it gives the task to the next attempt, and posts its id.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { createQueues, QueueOptions, type ExpiredHold } from '@millrace/queue';
import { openStore, StoreOptions } from '@millrace/store';
import { LOSS_LIMIT, dispatchOf } from '@millrace/tasks';

/** Where the rescuer looks. */
export interface RescuerData {
  /** From where it finds npm packages. */
  readonly moduleUrl: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly prefix: string;
  readonly queue: string;
}

const { databaseUrl, redisUrl, prefix, queue: name } = workerData as RescuerData;

void run();

async function run(): Promise<void> {
  const store = await openStore(new StoreOptions({ databaseUrl, poolSize: 1 }));
  const { queues } = createQueues(new QueueOptions({ redisUrl, prefix }));
  const queue = queues.of(name);
  await queue.depth();
  parentPort?.postMessage('ready');
  for (;;) {
    for (const hold of await queue.repair.expired({ graceMs: 0, limit: 10 })) await rescue(hold);
    await sleep(20);
  }

  async function rescue(hold: ExpiredHold): Promise<void> {
    const { taskId, workerId } = hold;
    const attempt = (hold.attempt ?? 0) + 1;
    await store.tasks.rescueIfProcessing([{ taskId, workerId, attempt, crashLimit: LOSS_LIMIT }]);
    const row = await store.queries.findByTaskId(taskId);
    await queue.ack([hold]);
    if (row?.status === 'pending') await queue.enqueue([dispatchOf(row)]);
    parentPort?.postMessage(taskId);
  }
}
