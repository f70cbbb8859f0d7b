// @ts-check
import { join } from 'node:path';
import { LaunchError } from './launch-error.mjs';
import { runMany } from './nx.mjs';
import { progress } from './progress.mjs';
import { runProgram } from './run-program.mjs';

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
  const { outcome } = await runMany(['-t', 'build', '-p', projects.join(','), '--output-style=static'], {
    timeoutMs: BUILD_TIMEOUT_MS,
  });
  if (!outcome.ok) throw new LaunchError(`The build failed (${outcome.text}); the reason is above.`);
}

/**
 * Brings the database to the newest schema.
 *
 * @param {string} databaseUrl
 * @throws {LaunchError}
 */
export async function migrate(databaseUrl) {
  progress('Migrating the database');
  const outcome = await runProgram(process.execPath, [join('dist', 'tools', 'migrate', 'main.js')], {
    timeoutMs: MIGRATE_TIMEOUT_MS,
    env: { DATABASE_URL: databaseUrl },
  });
  if (!outcome.ok) {
    throw new LaunchError(
      `Migrating the database failed (${outcome.text}); the reason is above. ` +
        'Is DATABASE_URL right, and may its user create tables?',
    );
  }
}
