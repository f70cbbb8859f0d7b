// @ts-check
import { mkdirSync } from 'node:fs';
import { join, relative } from 'node:path';
import {
  createFolder,
  createRunFolder,
  removeDeadRunFolders,
  removeRunFolder,
  startPostgres,
  startRedis,
  workspaceRoot,
} from '../../stack/src/index.mjs';
import { readArguments } from './arguments.mjs';
import { installPackages } from './install.mjs';
import { runMany } from './nx.mjs';
import { progress } from './progress.mjs';
import { runProgram, stopPrograms } from './run-program.mjs';
import { Shutdown } from './shutdown.mjs';
import { sumReports } from './vitest-reports.mjs';

const HELP = `Usage: npm test [-- <project> ...]

Checks the format, lints, checks types, builds, and runs all tests on PostgreSQL and Redis servers of its own,
beside whatever else runs. Names of projects restrict it to them. TEST_DATABASE_URL and TEST_REDIS_URL name
servers to use instead.`;

/** No part of it takes a quarter of this on two cores; it ends a test that hangs. */
const PHASE_TIMEOUT_MS = 15 * 60_000;
/** More failures than this are no help on a terminal. */
const SHOWN_FAILURES = 40;
/** Targets whose tests are counted one by one, by their reports. */
const TEST_TARGETS = ['test', 'e2e'];

/** @typedef {import('./nx.mjs').TargetResult} TargetResult */
/** @typedef {import('./run-program.mjs').ProgramOptions} ProgramOptions */

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  const { help, words: projects } = readArguments(args, { help: HELP, words: 'taken' });
  if (help) return 0;
  const shutdown = new Shutdown();
  shutdown.add('programs', stopPrograms);
  shutdown.listen(130);
  try {
    await installPackages();
    return await test(projects, shutdown);
  } finally {
    await shutdown.run();
  }
}

/**
 * @param {string[]} projects
 * @param {Shutdown} shutdown
 */
async function test(projects, shutdown) {
  await removeDeadRunFolders();
  const folder = createRunFolder();
  shutdown.add('files', async () => {
    await removeRunFolder(folder);
    // Specs that were ended in their midst leave servers of their own.
    await removeDeadRunFolders();
  });
  const reports = join(folder, 'reports');
  mkdirSync(reports);
  const env = { ...(await startStores(folder, shutdown)), VITEST_JSON_DIR: reports };

  const restriction = projects.length > 0 ? ['-p', ...projects] : [];
  // Found by whoever removes the folder, when this launcher was killed.
  const record = join(createFolder(join(folder, 'program')), 'process.json');
  const options = { timeoutMs: PHASE_TIMEOUT_MS, env, record };
  const isWhole = projects.length === 0;
  const results = isWhole ? [await checkFormat(options), await checkTypes(options)] : [];
  progress('Lint, build, unit and integration tests');
  const targets = ['lint', ...(isWhole ? [] : ['typecheck']), 'build', 'test'];
  results.push(...(await runTargets(['-t', ...targets, ...restriction, '--parallel=2'], options)));
  progress('End-to-end tests');
  results.push(...(await runTargets(['-t', 'e2e', ...restriction, '--parallel=1'], options)));
  return conclude(results, reports);
}

/**
 * @param {string} folder
 * @param {Shutdown} shutdown
 */
async function startStores(folder, shutdown) {
  const { TEST_DATABASE_URL, TEST_REDIS_URL } = process.env;
  const [postgres, redis] = await Promise.all([
    TEST_DATABASE_URL ? undefined : startTestPostgres(folder),
    TEST_REDIS_URL ? undefined : startTestRedis(folder),
  ]);
  for (const store of [postgres, redis]) if (store) shutdown.add('stores', () => store.stop());
  progress('The stores of the tests are ready');
  return { TEST_DATABASE_URL: TEST_DATABASE_URL || postgres?.url, TEST_REDIS_URL: TEST_REDIS_URL || redis?.url };
}

/** @param {string} folder */
function startTestPostgres(folder) {
  return startPostgres({
    dataDir: join(folder, 'postgres'),
    durability: 'volatile',
    log: join(folder, 'postgres.log'),
    // Every test file has its own pool, and the end-to-end tests start whole services.
    settings: { max_connections: '300' },
  });
}

/** @param {string} folder */
function startTestRedis(folder) {
  return startRedis({ dataDir: join(folder, 'redis'), persistence: 'none', log: join(folder, 'redis.log'), progress });
}

/**
 * @param {ProgramOptions} options
 * @returns {Promise<TargetResult>}
 */
async function checkFormat(options) {
  progress('Format');
  const prettier = join('node_modules', 'prettier', 'bin', 'prettier.cjs');
  const outcome = await runProgram(process.execPath, [prettier, '--check', '--log-level=warn', '.'], options);
  return { name: 'format (cure: npm run format)', target: 'format', ok: outcome.ok };
}

/**
 * One program over everything: each project on its own would check all the libraries it uses once more, at ten times the cost.
 *
 * @param {ProgramOptions} options
 * @returns {Promise<TargetResult>}
 */
async function checkTypes(options) {
  progress('Types');
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  const outcome = await runProgram(process.execPath, [tsc, '--noEmit', '-p', 'tsconfig.json'], options);
  return { name: 'types (npm run typecheck)', target: 'typecheck', ok: outcome.ok };
}

/**
 * @param {string[]} args
 * @param {ProgramOptions} options
 * @returns {Promise<TargetResult[]>}
 */
async function runTargets(args, options) {
  const { outcome, targets } = await runMany(args, options);
  // Without any failed target the failure is nx's own, or it was stopped: it must not pass.
  if (outcome.ok || targets.some((result) => !result.ok)) return targets;
  return [...targets, { name: `nx run-many ${args.join(' ')} (${outcome.text})`, target: 'nx', ok: false }];
}

/**
 * Says what failed and how many of what passed. A target is one, except that tests are counted one by one.
 *
 * @param {TargetResult[]} results
 * @param {string} reports
 * @returns {number} the exit code
 */
function conclude(results, reports) {
  const tests = sumReports(reports);
  const runs = results.filter(({ target }) => TEST_TARGETS.includes(target));
  const checks = results.filter(({ target }) => !TEST_TARGETS.includes(target));
  const failedRuns = runs.filter(({ ok }) => !ok);
  const failedChecks = checks.filter(({ ok }) => !ok);
  // A run that ended before it could report its failure still failed.
  const silentRuns = Math.max(0, failedRuns.length - tests.failedReports);
  const failed = failedChecks.length + tests.failed + silentRuns;

  if (failed > 0) {
    console.log('\nFailed:');
    const failures = tests.failures.map((failure) => relative(workspaceRoot, failure));
    const names = [...failedChecks, ...failedRuns].map(({ name }) => name);
    for (const line of [...names, ...failures].slice(0, SHOWN_FAILURES)) console.log(`  ${line}`);
  }
  console.log(`\n${checks.length - failedChecks.length + tests.passed} passed, ${failed} failed`);
  return failed > 0 ? 1 : 0;
}
