// @ts-check
import BeeQueue from 'bee-queue';

const QUEUE = 'bench';
/** Neither keeps jobs in memory or listens to events that it does not need, as its README advises for speed. */
const LEAN = { getEvents: false, storeJobs: false, removeOnSuccess: true };

/** bee-queue on Redis: small and fast, with no history. */
export const system = {
  async openProducer({ redisUrl }) {
    const queue = new BeeQueue(QUEUE, { ...LEAN, redis: redisUrl, isWorker: false, sendEvents: false });
    await queue.ready();
    const left = async () => {
      const { waiting, active, delayed } = await queue.checkHealth();
      return waiting + active + delayed;
    };
    return {
      submit: (payload) => queue.createJob(payload).save(),
      submitMany: (payloads) =>
        saved(
          queue,
          payloads.map((payload) => queue.createJob(payload)),
        ),
      submitDelayed: (tasks) =>
        saved(
          queue,
          tasks.map(({ payload, dueAt }) => queue.createJob(payload).delayUntil(dueAt)),
        ),
      left,
      standing: async () => {
        const { failed } = await queue.checkHealth();
        return { left: await left(), done: null, wrong: failed > 0 ? [`${failed} jobs failed`] : [] };
      },
    };
  },

  async openWorker({ redisUrl }, { slots }, handle) {
    // A delayed job is otherwise grouped with others for a second.
    const queue = new BeeQueue(QUEUE, {
      ...LEAN,
      redis: redisUrl,
      sendEvents: false,
      activateDelayedJobs: true,
      delayedDebounce: 25,
    });
    queue.on('error', (error) => console.error(error));
    await queue.ready();
    queue.process(slots, async ({ data }) => handle(data));
  },
};

async function saved(queue, jobs) {
  const failures = await queue.saveAll(jobs);
  if (failures.size > 0) throw [...failures.values()][0];
}
