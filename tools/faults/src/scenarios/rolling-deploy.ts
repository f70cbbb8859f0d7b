import { migrate } from '@millrace/store';
import { Client } from 'pg';
import type { Scenario, ScenarioContext } from '../scenario';
import type { Service, ServiceKind } from '../testbed';
import { underLoad } from '../under-load';
import { steadyWork } from '../workload';

const KINDS: readonly ServiceKind[] = ['api', 'worker', 'scheduler'];
/** A change of the busiest table takes its lock only when nobody has to wait long behind it. */
const LOCK_MS = 500;
const LOCK_NOT_AVAILABLE = '55P03';
const CHANGE_TRIES = 100;

export const rollingDeploy: Scenario = {
  row: '30',
  name: 'rolling-deploy',
  promise:
    'Every process is replaced, one after the other, under load, while tables get and lose a column: no task is lost, or runs twice.',
  long: { cycles: 10, tasks: 4_000 },
  async run(context) {
    const codes: (number | null)[] = [];
    await underLoad(
      context,
      async (cycle) => {
        await expand(context, cycle);
        for (const kind of KINDS) codes.push(...(await replaceAll(context, kind)));
        await contract(context, cycle);
      },
      { overMs: 15_000, workload: steadyWork(50, 3_000) },
    );
    const unclean = codes.filter((code) => code !== 0).length;
    return {
      measures: { replaced: codes.length },
      complaints: unclean > 0 ? [`${unclean} services did not end with exit code 0`] : [],
    };
  },
  expects: ({ counts: { extraStarts } }) => (extraStarts > 0 ? [`${extraStarts} tasks were started again`] : []),
};

/** As a new version does before its services come: what it adds does not disturb those of the old one. */
async function expand({ testbed, nemesis }: ScenarioContext, cycle: number): Promise<void> {
  nemesis.note('the tables get a column');
  await migrate(testbed.postgres.url);
  await change(testbed.postgres.url, `ALTER TABLE tasks_uncounted ADD COLUMN added_${cycle} integer`);
}

/** Once nobody of the old version is left. */
async function contract({ testbed, nemesis }: ScenarioContext, cycle: number): Promise<void> {
  nemesis.note('the tables lose a column');
  await change(testbed.postgres.url, `ALTER TABLE tasks_uncounted DROP COLUMN added_${cycle}`);
}

async function change(databaseUrl: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query(`SET lock_timeout = ${LOCK_MS}`);
    for (let tries = 1; ; tries += 1) {
      try {
        await client.query(sql);
        return;
      } catch (error) {
        const isLocked = error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE;
        if (!isLocked || tries >= CHANGE_TRIES) throw error;
      }
    }
  } finally {
    await client.end();
  }
}

/** Each has its successor before it is told to end. Answers the exit codes. */
async function replaceAll({ testbed, nemesis }: ScenarioContext, kind: ServiceKind): Promise<(number | null)[]> {
  const codes: (number | null)[] = [];
  const old: readonly Service[] = testbed.running(kind);
  for (const service of old) {
    await testbed.add(kind);
    codes.push(await nemesis.terminate(service));
  }
  return codes;
}
