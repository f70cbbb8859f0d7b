import { createQueues, QueueOptions } from '@millrace/queue';
import type { System } from '../../host/src/system';
import { StoresWord } from './stores-word';
import { json, TYPE } from './task';

/** Submits through `QueueClient`, into Redis alone: outside the promise until a duty of the scheduler has recorded it. */
export const raw: System = {
  async openProducer(places) {
    const queues = createQueues(new QueueOptions({ redisUrl: places.redisUrl }));
    const stores = await StoresWord.open(places);
    return {
      submit: (payload) => queues.client.submit(TYPE, json(payload)),
      submitMany: (payloads) =>
        queues.client.submitMany(payloads.map((payload) => ({ name: TYPE, payload: json(payload) }))),
      submitDelayed: (delayed) =>
        Promise.all(delayed.map(({ payload, dueAt }) => queues.client.submitAt(dueAt, TYPE, json(payload)))),
      left: () => stores.queued(),
      standing: async () => ({ left: await stores.queued(), done: null, wrong: [] }),
    };
  },
};
