// @ts-check
import pg from 'pg';
import { PgBoss } from 'pg-boss';

const QUEUE = 'bench';
/** The shortest wait between two looks that it accepts; new jobs are announced besides. */
const POLL_SECONDS = 0.5;

/** How many jobs each of its workers takes at once; what was fastest for each kind of work. */
const TUNING = {
  throughput: { batchSize: 2_000, localConcurrency: 2, burstWhenBatchFull: true },
  latency: { batchSize: 500, localConcurrency: 2, burstWhenBatchFull: true },
  sleeping: { batchSize: 25, localConcurrency: 4, burstWhenBatchFull: true },
};

const LEFT = `SELECT count(*)::integer AS count FROM pgboss.job WHERE name = '${QUEUE}' AND state < 'completed'`;
const STANDING = `
  SELECT (count(*) FILTER (WHERE state = 'completed'))::integer AS done,
    (count(*) FILTER (WHERE state < 'completed'))::integer AS left,
    (count(*) FILTER (WHERE state > 'completed'))::integer AS failed,
    (count(*) FILTER (WHERE state = 'completed' AND (started_on IS NULL OR completed_on IS NULL OR retry_count > 0)))::integer AS wrong
  FROM pgboss.job WHERE name = '${QUEUE}'`;

/** pg-boss on PostgreSQL: jobs are rows, polled for and announced by NOTIFY. */
export const system = {
  async openProducer({ databaseUrl }) {
    const boss = bossOf(databaseUrl);
    await boss.start();
    await boss.createQueue(QUEUE, { notify: true });
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    return {
      submit: (payload) => boss.send(QUEUE, payload),
      submitMany: (payloads) =>
        boss.insert(
          QUEUE,
          payloads.map((data) => ({ data })),
        ),
      submitDelayed: (tasks) =>
        boss.insert(
          QUEUE,
          tasks.map(({ payload: data, dueAt }) => ({ data, startAfter: dueAt })),
        ),
      left: async () => (await pool.query(LEFT)).rows[0].count,
      standing: async () => {
        const { rows } = await pool.query(STANDING);
        const [{ done, left, failed, wrong }] = rows;
        const faults = failed > 0 ? [`${failed} jobs failed`] : [];
        if (wrong > 0) faults.push(`${wrong} jobs lack a time or were retried`);
        return { done, left, wrong: faults };
      },
    };
  },

  async openWorker({ databaseUrl }, { tuning }, handle) {
    const boss = bossOf(databaseUrl);
    await boss.start();
    await boss.work(
      QUEUE,
      { ...TUNING[tuning], pollingIntervalSeconds: POLL_SECONDS, notifyPollingIntervalSeconds: POLL_SECONDS },
      async (jobs) => {
        await Promise.all(jobs.map(({ data }) => handle(data)));
      },
    );
  },
};

/** @param {string} databaseUrl */
function bossOf(databaseUrl) {
  const boss = new PgBoss({ connectionString: databaseUrl, useListenNotify: true });
  boss.on('error', (error) => console.error(error));
  return boss;
}
