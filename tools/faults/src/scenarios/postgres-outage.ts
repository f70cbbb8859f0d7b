import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Answer } from '../load';
import type { Observations, Scenario, ScenarioContext } from '../scenario';
import { underLoad } from '../under-load';

/** An API without its store says so within this time, at the latest. */
const QUICKLY_MS = 4_000;
const MAX_CONNECTIONS = 60;
const LOCK_MS = 12_000;

export const postgresKill: Scenario = {
  row: '11',
  name: 'postgres-kill',
  promise:
    'PostgreSQL is killed with commits under way: what was acknowledged is there, and outcomes are recorded once.',
  long: { cycles: 50, tasks: 5_000 },
  async run(context) {
    const { nemesis, random } = context;
    await underLoad(context, () => nemesis.killStore('postgres', random.between(0, 3_000)));
    return speedOfRefusal(context);
  },
};

export const postgresPaused: Scenario = {
  row: '12',
  name: 'postgres-paused',
  promise: 'PostgreSQL stands still: nothing is acknowledged, nothing that runs is run again, everything goes on.',
  long: { cycles: 20, tasks: 2_000 },
  async run(context) {
    const { nemesis, random } = context;
    await underLoad(context, () => nemesis.freezeStore('postgres', random.between(5_000, 20_000)), { overMs: 6_000 });
    return speedOfRefusal(context);
  },
};

export const poolExhausted: Scenario = {
  row: '13',
  name: 'pool-exhausted',
  promise: 'Others take every connection of the server: requests are refused quickly, and it recovers.',
  testbed: { postgresSettings: { max_connections: String(MAX_CONNECTIONS), superuser_reserved_connections: '3' } },
  long: { cycles: 5, tasks: 500 },
  async run(context) {
    await underLoad(context, () => takeConnections(context), { overMs: 6_000 });
    return speedOfRefusal(context);
  },
};

export const lockHeld: Scenario = {
  row: '14',
  name: 'lock-held',
  promise: 'Somebody holds a lock on the tasks: what waits for it gives up and tries again, and nothing is stuck.',
  long: { cycles: 5, tasks: 500 },
  async run(context) {
    const { testbed, nemesis } = context;
    await underLoad(
      context,
      async (cycle) => {
        const table = cycle % 2 === 1 ? 'tasks' : 'tasks_processing';
        const client = new Client({ connectionString: testbed.postgres.url });
        await client.connect();
        nemesis.note(`LOCK TABLE ${table} for ${LOCK_MS} ms`);
        await client.query('BEGIN');
        await client.query(`LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
        await sleep(LOCK_MS);
        await client.query('ROLLBACK');
        await client.end();
        nemesis.note('the lock is gone');
      },
      { overMs: 6_000 },
    );
    return speedOfRefusal(context);
  },
};

/** Ends sessions of the services, so that their places can be taken, for as long as others hold them. */
async function takeConnections({ testbed, nemesis }: ScenarioContext): Promise<void> {
  nemesis.note('others take every connection');
  const taken: Client[] = [];
  const watch = new Client({ connectionString: testbed.postgres.url });
  watch.on('error', () => undefined);
  await watch.connect();
  await watch.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'millrace%'`);
  for (let n = 0; n < MAX_CONNECTIONS; n += 1) {
    const client = new Client({ connectionString: testbed.postgres.url });
    client.on('error', () => undefined);
    const connected = await client.connect().then(
      () => true,
      () => false,
    );
    if (!connected) break;
    taken.push(client);
  }
  await sleep(6_000);
  await Promise.all([...taken, watch].map((client) => client.end()));
  nemesis.note(`${taken.length} connections are given back`);
}

function speedOfRefusal({ load }: ScenarioContext): Observations {
  const refusals = load.answers.filter(({ status }) => status === 503).map(({ ms }) => ms);
  const unanswered = load.answers.filter((answer) => isSilent(answer)).length;
  const slowest = Math.max(0, ...refusals);
  return {
    measures: { refusals: refusals.length, slowestRefusalMs: slowest, unanswered },
    complaints: [
      ...(slowest > QUICKLY_MS ? [`a 503 took ${slowest} ms`] : []),
      ...(unanswered > 0 ? [`${unanswered} requests got no answer at all`] : []),
    ],
  };
}

/** No answer although the api runs. */
function isSilent({ kind, status }: Answer): boolean {
  return kind === 'unknown' && status === null;
}
