import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Scenario, ScenarioContext } from '../scenario';
import type { Workload } from '../workload';

const DELAY_MS = 4_000;
/** What comes back at once, at the worst, against the mean of the time it comes back in. */
const MOST_UNEVEN = 3;

const failsOnce: Workload = (taskId) => ({
  body: {
    ...{ type: 'effect', task_id: taskId, payload: { fail: 1 }, max_retry: 3, retry_delay: DELAY_MS },
    backoff: { type: 'exponential', jitter: 1 },
  },
  expect: 'success',
});

/** Retries by the second in which they started. */
const RETRIES = `
  SELECT count(*)::integer AS n FROM tasks WHERE status = 'success' AND attempt = 2
  GROUP BY date_trunc('second', started_at) ORDER BY 1 DESC`;

export const retryStorm: Scenario = {
  row: '27',
  name: 'retry-storm',
  promise: 'Thousands of tasks fail at once: their retries come back spread over time, and all of them do.',
  testbed: { slots: 100 },
  long: { cycles: 1, tasks: 20_000 },
  async run(context) {
    await context.load.submit(context.tasks, { bulk: 1_000, workload: failsOnce });
    await untilRetried(context);
    const seconds = await retriesBySecond(context);
    const mean = seconds.reduce((sum, n) => sum + n, 0) / Math.max(1, seconds.length);
    const uneven = Math.round(((seconds[0] ?? 0) / Math.max(1, mean)) * 10) / 10;
    return {
      measures: { mostInASecond: seconds[0] ?? 0, seconds: seconds.length, uneven },
      complaints: uneven > MOST_UNEVEN ? [`the busiest second had ${uneven} times the retries of the mean`] : [],
    };
  },
};

async function untilRetried({ testbed, tasks }: ScenarioContext): Promise<void> {
  const giveUpAtMs = performance.now() + 300_000;
  while (performance.now() < giveUpAtMs) {
    const answer = await fetch(`${testbed.apiUrls[0]}/api/v1/tasks/stats`);
    const { success } = (await answer.json()) as { success: number };
    if (success >= tasks) return;
    await sleep(500);
  }
}

async function retriesBySecond({ testbed }: ScenarioContext): Promise<number[]> {
  const client = new Client({ connectionString: testbed.postgres.url });
  await client.connect();
  try {
    return (await client.query<{ n: number }>(RETRIES)).rows.map(({ n }) => n);
  } finally {
    await client.end();
  }
}
