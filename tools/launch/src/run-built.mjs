// @ts-check
import { join } from 'node:path';
import { removeDeadRunFolders } from '../../stack/src/index.mjs';
import { build } from './platform-build.mjs';
import { runProgram, stopPrograms } from './run-program.mjs';
import { Shutdown } from './shutdown.mjs';

/** The exit code of a program that Ctrl-C has ended. */
const INTERRUPTED = 130;

/**
 * Builds projects and runs a program of them, which brings stores of its own, until it ends or Ctrl-C ends it.
 *
 * @param {object} tool
 * @param {string} tool.name for a message, such as `The benchmark`
 * @param {readonly string[]} tool.projects
 * @param {string} tool.program its folder below `dist`
 * @param {readonly string[]} tool.args
 * @param {number} tool.timeoutMs after which it is stopped
 * @returns {Promise<number>} the exit code
 */
export async function runBuilt({ name, projects, program, args, timeoutMs }) {
  await removeDeadRunFolders();
  const shutdown = new Shutdown();
  shutdown.add('programs', stopPrograms);
  shutdown.listen(INTERRUPTED);
  try {
    await build(projects);
    const main = join('dist', program, 'main.js');
    const outcome = await runProgram(process.execPath, [main, ...args], { timeoutMs });
    if (!outcome.ok) console.log(`\n${name} failed (${outcome.text}).`);
    return outcome.ok ? 0 : 1;
  } finally {
    await shutdown.run();
  }
}
