import { openCandidate } from './candidate.mjs';
import { writeRound } from './writes.mjs';

const CLIENTS = 8;
const BATCH = 50;
const ROUNDS = 25;
const TASKS = CLIENTS * BATCH * ROUNDS * 4;

/**
 * Many small batches at once, through submit, start and outcome: what each table grows by for each
 * task that passed through, with autovacuum at the server's settings.
 */
export async function measureChurn(name, sql) {
  const opened = [];
  for (let n = 0; n < CLIENTS; n += 1) opened.push(await openCandidate(name, sql));
  const [first] = opened;
  const before = await sizes(first.client);
  const us = opened.map(({ cpu }) => cpu.readUs());
  const began = Date.now();
  await Promise.all(
    opened.map(async ({ client, cpu }) => {
      for (let round = 0; round < ROUNDS; round += 1)
        await writeRound(sql, { client, cpu, batch: BATCH, count: BATCH * 4 });
    }),
  );
  const seconds = (Date.now() - began) / 1000;
  const spentUs = opened.reduce((sum, { cpu }, n) => sum + cpu.readUs() - us[n], 0);
  const after = await sizes(first.client);
  const grown = Object.entries(after).map(
    ([table, size]) => `${table} ${Math.round((size - (before[table] ?? 0)) / TASKS)}`,
  );
  console.log(
    `churn ${name}: ${TASKS} tasks, ${Math.round(TASKS / seconds)}/s, ${(spentUs / TASKS).toFixed(1)} µs/task; growth in bytes a task: ${grown.join(', ')}`,
  );
  for (const { client } of opened) await client.end();
}

/** Bytes by kind of leaf, partitions of one status summed up. */
async function sizes(client) {
  const { rows } = await client.query(
    `SELECT regexp_replace(relname, '_(rest|[0-9]+)$', '') AS kind, sum(pg_total_relation_size(oid)) AS bytes
FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' GROUP BY 1`,
  );
  return Object.fromEntries(rows.map(({ kind, bytes }) => [kind, Number(bytes)]));
}
