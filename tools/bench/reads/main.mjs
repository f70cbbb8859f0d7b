// @ts-check
/**
 * How quickly REST answers lists, counts and look-ups on a large table:
 *
 *   npx nx run-many -t build -p api,scheduler,migrate
 *   node tools/bench/reads/main.mjs [--rows 5000000] [--repeat 200]
 *
 * It runs on a PostgreSQL and a Redis of its own, which sync to disk as in production, and removes them afterwards.
 */
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import {
  createRunFolder,
  freePort,
  removeRunFolder,
  startPostgres,
  startRedis,
  workspaceRoot,
} from '../../stack/src/index.mjs';
import { fill, untilFolded } from './fill.mjs';
import { requests } from './requests.mjs';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '5000000' }, repeat: { type: 'string', default: '200' } },
});
const rows = Number(values.rows);
const repeat = Number(values.repeat);

const folder = createRunFolder();
const postgres = await startPostgres({
  dataDir: join(folder, 'postgres'),
  durability: 'durable',
  log: join(folder, 'postgres.log'),
  settings: { shared_buffers: '1GB' },
});
const redis = await startRedis({ dataDir: join(folder, 'redis'), persistence: 'none', log: join(folder, 'redis.log') });
const apiPort = await freePort(0);
const schedulerPort = await freePort(0, { except: [apiPort] });
const env = {
  ...process.env,
  NODE_ENV: 'development',
  DATABASE_URL: postgres.url,
  REDIS_URL: redis.url,
  API_PORT: String(apiPort),
  SCHEDULER_PORT: String(schedulerPort),
  LOG_LEVEL: 'error',
};
const bundle = (/** @type {string} */ project) => join(workspaceRoot, 'dist', project, 'main.js');
/** @type {import('node:child_process').ChildProcess[]} */
const services = [];

try {
  execFileSync(process.execPath, [bundle('tools/migrate')], { env, stdio: 'ignore' });
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  await fill(client, rows, console.log);
  for (const name of ['api', 'scheduler'])
    services.push(spawn(process.execPath, [bundle(`apps/${name}`)], { env, stdio: 'inherit' }));
  await untilFolded(client);
  await client.query('VACUUM ANALYZE');
  await client.end();
  await measure();
} finally {
  for (const service of services) service.kill('SIGTERM');
  await redis.stop();
  await postgres.stop();
  await removeRunFolder(folder);
}

async function measure() {
  const asked = Object.entries(requests(rows));
  // Connections and caches as of a service that has run for a while.
  for (let round = 0; round < 20; round += 1) for (const [, path] of asked) await ask(path());
  console.log(`${'request'.padEnd(42)}   p50 ms   p99 ms   max ms`);
  for (const [name, path] of asked) {
    const times = [];
    for (let n = 0; n < repeat; n += 1) times.push(await ask(path()));
    times.sort((a, b) => a - b);
    const at = (/** @type {number} */ share) => times[Math.min(times.length - 1, Math.floor(times.length * share))];
    console.log(`${name.padEnd(42)} ${[at(0.5), at(0.99), at(1)].map((ms) => ms?.toFixed(1).padStart(8)).join(' ')}`);
  }
}

/**
 * @param {string} path
 * @returns {Promise<number>} milliseconds until the whole answer was there
 */
async function ask(path) {
  const startedMs = performance.now();
  const response = await fetch(`http://127.0.0.1:${apiPort}/api/v1${path}`);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return performance.now() - startedMs;
}
