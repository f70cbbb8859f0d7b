import { ApiClient } from '@millrace/testing';
import { Client } from 'pg';
import { measureDrain, measureLone, measureSubmit, startService, type Rate } from './drain';
import { InvalidSettings, readSettings, type BenchSettings } from './settings';

try {
  await run(readSettings(process.argv.slice(2), process.env));
} catch (error) {
  console.error(error instanceof InvalidSettings ? error.message : error);
  process.exitCode = 1;
}

async function run(settings: BenchSettings): Promise<void> {
  const { tasks, slots, lone } = settings;
  const database = new Client({ connectionString: settings.databaseUrl });
  await database.connect();
  const services = [await startService('api', settings)];
  try {
    const api = new ApiClient(services[0]?.url ?? '');
    const stores = storePids(process.env);
    console.log(`${tasks} noop tasks; every one recorded before it is acknowledged, and every outcome recorded`);
    const submit = await measureSubmit(tasks, api, { api: services[0]?.pid ?? 0, ...stores });
    console.log(`  submit  ${shown(submit)}`);

    const worker = await startService('worker', settings);
    services.push(worker);
    const drain = await measureDrain(tasks, api, database, { worker: worker.pid, ...stores });
    console.log(`  drain   ${shown(drain)}   one worker process, ${slots} at once`);
    await compareWithSql(tasks, database);

    if (lone > 0) {
      const waitsMs = await measureLone(lone, api);
      const at = (share: number) => waitsMs[Math.min(waitsMs.length - 1, Math.floor(waitsMs.length * share))] ?? 0;
      console.log(`  idle    ${lone} lone tasks start ${at(0.5)} ms after their submit (p50), ${at(0.99)} ms (p99)`);
    }
  } finally {
    for (const service of services.reverse()) await service.kill('SIGTERM');
    await database.end();
  }
}

/** The record, not the API's word, decides whether the work was done. */
async function compareWithSql(tasks: number, database: Client): Promise<void> {
  const { rows } = await database.query<{ status: string; count: string }>(
    'SELECT status, count(*) FROM tasks GROUP BY 1',
  );
  const [row] = rows;
  if (rows.length === 1 && row?.status === 'success' && Number(row.count) === tasks) return;
  throw new Error(`The record does not hold ${tasks} successes: ${JSON.stringify(rows)}`);
}

function storePids(env: NodeJS.ProcessEnv): Record<string, number> {
  const pids = { postgres: Number(env['POSTGRES_PID']), redis: Number(env['REDIS_PID']) };
  return Object.fromEntries(Object.entries(pids).filter(([, pid]) => pid > 0));
}

function shown({ tasks, ms, cpuMsPerThousand }: Rate): string {
  const rate = `${Math.round((tasks / ms) * 1_000)} tasks/s`.padStart(14);
  const cpu = Object.entries(cpuMsPerThousand).map(([name, used]) => `${name} ${used.toFixed(0)}`);
  return `${rate}   ${(ms / 1_000).toFixed(2)} s   CPU ms per 1,000: ${cpu.join(', ') || 'unknown'}`;
}
