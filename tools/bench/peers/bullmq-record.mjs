// @ts-check
import { randomUUID } from 'node:crypto';
import { Queue, Worker } from 'bullmq';
import { Record } from './record.mjs';

const QUEUE = 'bench';
const JOB_OPTIONS = { removeOnComplete: true, removeOnFail: 1_000 };
/** More connections than this were no faster on two cores. */
const CONNECTIONS = 20;

/** BullMQ, and beside it the record that a team writes by hand: a row before the job, its start, its finish. */
export const system = {
  async openProducer({ databaseUrl, redisUrl }) {
    const record = new Record(databaseUrl, CONNECTIONS);
    await record.create();
    const queue = new Queue(QUEUE, { connection: { url: redisUrl }, defaultJobOptions: JOB_OPTIONS });
    await queue.waitUntilReady();
    const addMany = async (payloads, optionsOf) => {
      const ids = payloads.map(() => randomUUID());
      await record.insertMany(ids, payloads);
      await queue.addBulk(
        payloads.map((data, index) => ({ name: 'task', data, opts: { jobId: ids[index], ...optionsOf(index) } })),
      );
    };
    return {
      async submit(payload) {
        const id = randomUUID();
        await record.insert(id, payload);
        await queue.add('task', payload, { jobId: id });
      },
      submitMany: (payloads) => addMany(payloads, () => ({})),
      submitDelayed: (tasks) =>
        addMany(
          tasks.map(({ payload }) => payload),
          (index) => ({ delay: Math.max(0, tasks[index].dueAt.getTime() - Date.now()) }),
        ),
      left: () => record.left(),
      standing: () => record.standing(),
    };
  },

  async openWorker({ databaseUrl, redisUrl }, { slots }, handle) {
    const record = new Record(databaseUrl, CONNECTIONS);
    const run = async ({ id, data }) => {
      await record.start(id);
      await handle(data);
      await record.finish(id);
    };
    const worker = new Worker(QUEUE, run, { connection: { url: redisUrl }, concurrency: slots });
    worker.on('error', (error) => console.error(error));
    await worker.waitUntilReady();
  },
};
