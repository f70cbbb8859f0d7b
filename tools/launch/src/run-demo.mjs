// @ts-check
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { readDotEnv } from './environment.mjs';
import { installPackages } from './install.mjs';
import { LaunchError } from './launch-error.mjs';
import { build } from './platform-build.mjs';
import { runProgram, stopPrograms } from './run-program.mjs';
import { runningPlatform } from './running-platform.mjs';
import { Shutdown } from './shutdown.mjs';

const HELP = `Usage: npm run demo [-- --tasks <number>]

Sends a mixed workload (10,000 tasks unless told otherwise) through the platform: calls to a web server that sometimes fails, mail to
a mail server, delayed, urgent, failing and cancelled tasks, a tenth of it pushed straight into Redis. Then it holds the counts of the
servers against those of the API and of SQL. Uses the platform that \`npm start\` runs, or starts one for itself. Where the API asks for
a key, give its secret as API_KEY.`;

/** The exit code of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;
/** A million tasks on two cores. */
const DEMO_TIMEOUT_MS = 60 * 60_000;

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  const { help, tasks } = readDemoArguments(args);
  if (help) return 0;
  readDotEnv();
  await installPackages();
  const shutdown = new Shutdown();
  shutdown.add('programs', stopPrograms);
  shutdown.listen(INTERRUPTED);
  try {
    const stack = await runningPlatform(shutdown);
    await build(['worker', 'demo']);
    const outcome = await runProgram(process.execPath, [join('dist', 'tools', 'demo', 'main.js'), '--tasks', tasks], {
      timeoutMs: DEMO_TIMEOUT_MS,
      env: { API_URL: stack.services.api, DATABASE_URL: stack.databaseUrl, REDIS_URL: stack.redisUrl },
    });
    console.log(outcome.ok ? '\nAll counts agree.' : `\nThe demo failed (${outcome.text}).`);
    return outcome.ok ? 0 : 1;
  } finally {
    await shutdown.run();
  }
}

/**
 * @param {string[]} args
 * @returns {{help: boolean, tasks: string}}
 * @throws {LaunchError}
 */
function readDemoArguments(args) {
  try {
    const { values } = parseArgs({
      args,
      options: { tasks: { type: 'string', default: '10000' }, help: { type: 'boolean', short: 'h', default: false } },
    });
    if (values.help) console.log(HELP);
    return values;
  } catch (error) {
    throw new LaunchError(`${error instanceof Error ? error.message : String(error)}\n\n${HELP}`);
  }
}
