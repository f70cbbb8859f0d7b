import { TYPES, USERS } from './seed.mjs';
import { quantile } from './server.mjs';

const QUERIES = 200;
/** A statement this slow is asked fewer times; its figure is clear by then. */
const ENOUGH_MS = 5_000;

/**
 * Asks every read with varying parameters.
 * @param {Readonly<Record<string, string>>} statements
 * @param {{ client: import('pg').Client, cpu: import('./server.mjs').BackendCpu, rows: number }} run
 */
export async function measureReads(statements, { client, cpu, rows }) {
  const figures = {};
  const ids = await someIds(client, rows);
  for (const [name, text] of Object.entries(statements)) {
    const times = [];
    const before = { us: cpu.readUs(), at: performance.now() };
    while (times.length < QUERIES && performance.now() - before.at < ENOUGH_MS) {
      const values = valuesFor(name, ids, rows);
      const began = performance.now();
      await client.query(text, values);
      times.push(performance.now() - began);
    }
    figures[name] = {
      p50: quantile(times, 0.5),
      p99: quantile(times, 0.99),
      serverUs: (cpu.readUs() - before.us) / times.length,
    };
  }
  return figures;
}

async function someIds(client, rows) {
  const wanted = Array.from({ length: 100 }, () => 1 + Math.floor(Math.random() * rows));
  const { rows: found } = await client.query('SELECT id, task_id FROM tasks WHERE id = ANY($1::bigint[])', [wanted]);
  return found;
}

function valuesFor(name, ids, rows) {
  const task = ids[Math.floor(Math.random() * ids.length)];
  const user = `user_${Math.floor(USERS ** Math.random())}`;
  if (name === 'by id') return [task.id];
  if (name === 'by task_id') return [task.task_id];
  if (name.includes('type+user')) return [`type_${1 + Math.floor(Math.random() * 5)}`, user];
  if (name.includes('common')) return ['type_1'];
  if (name.includes('rare')) return [`type_${TYPES - 1 - Math.floor(Math.random() * 5)}`];
  if (name.includes('user')) return [user];
  if (name.includes('queue')) return [['default', 'mail', 'sync'][Math.floor(Math.random() * 3)]];
  if (name.includes('worker')) return ['worker-1'];
  if (name.includes('keyset')) return [Math.floor(Math.random() * rows)];
  return [];
}
