// @ts-check
import { join } from 'node:path';
import { lastLines } from '../../stack/src/index.mjs';
import { LaunchError } from './launch-error.mjs';
import { runMany } from './nx.mjs';
import { progress } from './progress.mjs';
import { runProgram } from './run-program.mjs';
import { logFolder } from './state-files.mjs';

/** Enough for the first errors of a compiler. */
const LAST_LINES = 40;
const BUILD_TIMEOUT_MS = 5 * 60_000;
/** A migration of a large table takes its time; nothing else may run meanwhile. */
const MIGRATE_TIMEOUT_MS = 30 * 60_000;

/**
 * Builds projects; what has not changed comes from nx's cache.
 *
 * @param {readonly string[]} projects
 * @throws {LaunchError}
 */
export async function build(projects) {
  progress('Building');
  const log = join(logFolder(), 'build.log');
  const { outcome } = await runMany(['-t', 'build', '-p', projects.join(','), '--output-style=static'], {
    timeoutMs: BUILD_TIMEOUT_MS,
    log,
  });
  if (!outcome.ok) throw new LaunchError(`The build failed (${outcome.text}). ${endOf(log)}`);
}

/**
 * Brings the database to the newest schema.
 *
 * @param {string} databaseUrl
 * @throws {LaunchError}
 */
export async function migrate(databaseUrl) {
  progress('Migrating the database');
  const log = join(logFolder(), 'migrate.log');
  const outcome = await runProgram(process.execPath, [join('dist', 'tools', 'migrate', 'main.js')], {
    timeoutMs: MIGRATE_TIMEOUT_MS,
    log,
    env: { DATABASE_URL: databaseUrl },
  });
  if (outcome.ok) return;
  throw new LaunchError(
    `Migrating the database failed (${outcome.text}). ` +
      `If DATABASE_URL is set: is it right, and may its user create tables? ${endOf(log)}`,
  );
}

/** @param {string} log */
function endOf(log) {
  return `The log, ${log}, ends with:\n${lastLines(log, { count: LAST_LINES })}`;
}
