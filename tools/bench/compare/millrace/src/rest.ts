import { Client } from 'pg';
import { Pool } from 'undici';
import type { BenchPayload, Places, Producer, System } from '../../host/src/system';
import { StoresWord } from './stores-word';
import { TYPE } from './task';

/** One connection for each of the callers, kept open. */
const CONNECTIONS = 100;

/** Submits over REST to the api service as it ships. */
export const rest: System = {
  async openProducer(places) {
    const stores = await StoresWord.open(places);
    return {
      ...overHttp(places),
      left: () => stores.left(),
      standing: () => stores.standing(),
    };
  },
};

/** Submits over HTTP to a service that does one INSERT a request. */
export const rowInsert: System = {
  async openProducer(places) {
    const client = new Client({ connectionString: places.databaseUrl });
    await client.connect();
    const left = async () => {
      const { rows } = await client.query<{ count: number }>('SELECT count(*)::integer AS count FROM job_records');
      return rows[0]?.count ?? 0;
    };
    return {
      ...overHttp(places),
      left,
      standing: async () => ({ left: await left(), done: null, wrong: [] }),
    };
  },
};

function overHttp({ http }: Places): Pick<Producer, 'submit' | 'submitMany' | 'submitDelayed'> {
  if (!http) throw new Error('There is no HTTP service to submit to');
  const pool = new Pool(http.url, { connections: CONNECTIONS, pipelining: 1 });
  const headers = { authorization: `Bearer ${http.key}`, 'content-type': 'application/json' };
  const post = async (path: string, body: unknown) => {
    const answer = await pool.request({ method: 'POST', path, headers, body: JSON.stringify(body) });
    const text = await answer.body.text();
    if (answer.statusCode !== 201) throw new Error(`${path} answered ${answer.statusCode}: ${text.slice(0, 500)}`);
  };
  const task = (payload: BenchPayload) => ({ type: TYPE, payload });
  return {
    submit: (payload) => post('/api/v1/tasks', task(payload)),
    submitMany: (payloads) => post('/api/v1/tasks/bulk', { tasks: payloads.map(task) }),
    submitDelayed: (tasks) =>
      post('/api/v1/tasks/bulk', { tasks: tasks.map(({ payload, dueAt }) => ({ ...task(payload), run_at: dueAt })) }),
  };
}
