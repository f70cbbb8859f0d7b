// @ts-check
import { Queue, Worker } from 'bullmq';

const QUEUE = 'bench';
/** Nothing is kept, as its guide for production recommends; what is kept made no difference that could be measured. */
const JOB_OPTIONS = { removeOnComplete: true, removeOnFail: 1_000 };

/** BullMQ on Redis: the queue that NestJS applications use most. It records nothing. */
export const system = {
  /** @param {{redisUrl: string}} stores */
  async openProducer({ redisUrl }) {
    const queue = new Queue(QUEUE, { connection: { url: redisUrl }, defaultJobOptions: JOB_OPTIONS });
    await queue.waitUntilReady();
    const counts = () => queue.getJobCounts('waiting', 'paused', 'active', 'delayed', 'prioritized', 'failed');
    const left = async () => {
      const { failed, ...others } = await counts();
      return Object.values(others).reduce((sum, count) => sum + count, 0);
    };
    return {
      submit: (payload) => queue.add('task', payload),
      submitMany: (payloads) => queue.addBulk(payloads.map((data) => ({ name: 'task', data }))),
      submitDelayed: (tasks) =>
        queue.addBulk(
          tasks.map(({ payload: data, dueAt }) => ({
            name: 'task',
            data,
            opts: { delay: Math.max(0, dueAt.getTime() - Date.now()) },
          })),
        ),
      hold: () => queue.pause(),
      release: () => queue.resume(),
      left,
      standing: async () => {
        const { failed = 0 } = await counts();
        return { left: await left(), done: null, wrong: failed > 0 ? [`${failed} jobs failed`] : [] };
      },
    };
  },

  async openWorker({ redisUrl }, { slots }, handle) {
    const worker = new Worker(QUEUE, async ({ data }) => handle(data), {
      connection: { url: redisUrl },
      concurrency: slots,
    });
    worker.on('error', (error) => console.error(error));
    await worker.waitUntilReady();
  },
};
