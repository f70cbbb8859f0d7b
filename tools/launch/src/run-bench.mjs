// @ts-check
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createRunFolder,
  removeDeadRunFolders,
  removeRunFolder,
  startPostgres,
  startRedis,
} from '../../stack/src/index.mjs';
import { readDotEnv } from './environment.mjs';
import { installPackages } from './install.mjs';
import { LaunchError } from './launch-error.mjs';
import { build, migrate } from './platform-build.mjs';
import { progress } from './progress.mjs';
import { runProgram, stopPrograms } from './run-program.mjs';
import { Shutdown } from './shutdown.mjs';

const HELP = `Usage: npm run bench [-- --tasks <number>] [--slots <number>] [--lone <number>]

Submits noop tasks over REST (50,000 unless told otherwise), drains them with one worker process that runs 100 (--slots) at once, and
then submits 200 (--lone) one at a time to the idle platform. It runs on a PostgreSQL and a Redis of its own, which sync to disk as in
production, and removes them afterwards.`;

/** Ten million tasks on two cores. */
const BENCH_TIMEOUT_MS = 60 * 60_000;
/** The exit code of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  if (readBenchArguments(args).help) return 0;
  readDotEnv();
  await installPackages();
  await removeDeadRunFolders();
  const folder = createRunFolder();
  const shutdown = new Shutdown();
  shutdown.add('programs', stopPrograms);
  shutdown.add('files', () => removeRunFolder(folder));
  shutdown.listen(INTERRUPTED);
  try {
    const { postgres, redis } = await startStores(folder, shutdown);
    await build(['api', 'worker', 'migrate', 'bench-drain']);
    await migrate(postgres.url);
    const program = join('dist', 'tools', 'bench', 'drain', 'main.js');
    const outcome = await runProgram(process.execPath, [program, ...args], {
      timeoutMs: BENCH_TIMEOUT_MS,
      env: {
        DATABASE_URL: postgres.url,
        REDIS_URL: redis.url,
        POSTGRES_PID: String(postgres.pid),
        REDIS_PID: String(redis.pid),
      },
    });
    if (!outcome.ok) console.log(`\nThe benchmark failed (${outcome.text}).`);
    return outcome.ok ? 0 : 1;
  } finally {
    await shutdown.run();
  }
}

/**
 * @param {string} folder
 * @param {Shutdown} shutdown
 */
async function startStores(folder, shutdown) {
  progress('Starting a PostgreSQL and a Redis for the measurement');
  const postgres = await startPostgres({
    dataDir: join(folder, 'postgres'),
    durability: 'durable',
    log: join(folder, 'postgres.log'),
    settings: { shared_buffers: '512MB' },
  });
  shutdown.add('stores', () => postgres.stop());
  const redis = await startRedis({
    dataDir: join(folder, 'redis'),
    persistence: 'appendonly',
    log: join(folder, 'redis.log'),
    progress,
  });
  shutdown.add('stores', () => redis.stop());
  return { postgres, redis };
}

/**
 * @param {string[]} args
 * @returns {{help: boolean}}
 * @throws {LaunchError}
 */
function readBenchArguments(args) {
  const number = /** @type {const} */ ({ type: 'string' });
  try {
    const { values } = parseArgs({
      args,
      options: { tasks: number, slots: number, lone: number, help: { type: 'boolean', short: 'h', default: false } },
    });
    if (values.help) console.log(HELP);
    return values;
  } catch (error) {
    throw new LaunchError(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}
