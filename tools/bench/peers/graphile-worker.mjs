// @ts-check
import { Logger, makeWorkerUtils, run } from 'graphile-worker';
import pg from 'pg';

const TASK = 'bench';
/** Only what goes wrong, so that its log costs it nothing. */
const logger = new Logger(() => (level, message) => {
  if (level === 'error' || level === 'warning') console.error(message);
});

/**
 * A large local queue and batched completions were fastest where jobs wait together; where each is waited for, a short poll.
 * Its guide to performance describes both.
 */
const TUNING = {
  throughput: { localQueue: { size: 2_000 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
  latency: { pollInterval: 50 },
  sleeping: { localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 },
};

const LEFT = `SELECT count(*)::integer AS count FROM graphile_worker._private_jobs`;
const FAILED = `SELECT count(*)::integer AS count FROM graphile_worker._private_jobs WHERE attempts > 1 OR last_error IS NOT NULL`;

/** Graphile Worker on PostgreSQL: jobs are rows, deleted when they have run. */
export const system = {
  async openProducer({ databaseUrl }) {
    const utils = await makeWorkerUtils({ connectionString: databaseUrl, logger });
    await utils.migrate();
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    const count = async (sql) => (await pool.query(sql)).rows[0].count;
    return {
      submit: (payload) => utils.addJob(TASK, payload),
      submitMany: (payloads) => utils.addJobs(payloads.map((payload) => ({ identifier: TASK, payload }))),
      submitDelayed: (tasks) =>
        utils.addJobs(tasks.map(({ payload, dueAt }) => ({ identifier: TASK, payload, runAt: dueAt }))),
      left: () => count(LEFT),
      standing: async () => {
        const failed = await count(FAILED);
        return { left: await count(LEFT), done: null, wrong: failed > 0 ? [`${failed} jobs failed`] : [] };
      },
    };
  },

  async openWorker({ databaseUrl }, { slots, tuning }, handle) {
    await run({
      preset: {
        worker: { connectionString: databaseUrl, concurrentJobs: slots, maxPoolSize: 10, logger, ...TUNING[tuning] },
      },
      taskList: { [TASK]: (payload) => handle(payload) },
      noHandleSignals: true,
    });
  },
};
