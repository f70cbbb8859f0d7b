// @ts-check
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../../stack/src/index.mjs';
import { runProgram } from './run-program.mjs';

/**
 * What became of one target of one project.
 *
 * @typedef {object} TargetResult
 * @property {string} name such as `api:lint`
 * @property {string} target such as `lint`
 * @property {boolean} ok
 */

/**
 * Runs targets of projects.
 *
 * @param {readonly string[]} args of `nx run-many`
 * @param {import('./run-program.mjs').ProgramOptions} options
 * @returns {Promise<{outcome: import('./run-program.mjs').Outcome, targets: TargetResult[]}>}
 */
export async function runMany(args, options) {
  const startedAt = new Date();
  // The program itself, not npx: a signal to the wrapper would leave nx behind. No daemon: it would outlive us.
  const nx = join('node_modules', 'nx', 'dist', 'bin', 'nx.js');
  const outcome = await runProgram(process.execPath, [nx, 'run-many', ...args], {
    ...options,
    env: { NX_DAEMON: 'false', NX_TUI: 'false', ...options.env },
  });
  return { outcome, targets: readTargets(args, startedAt) };
}

/**
 * nx keeps a record of its last run. Another nx may have run beside ours and replaced it, so it counts only when it is
 * of our run.
 *
 * @param {readonly string[]} args
 * @param {Date} startedAt
 * @returns {TargetResult[]}
 */
function readTargets(args, startedAt) {
  try {
    const { run, tasks } = JSON.parse(readFileSync(join(workspaceRoot, '.nx', 'cache', 'run.json'), 'utf8'));
    if (new Date(run.startTime) < startedAt || run.command !== `nx run-many ${args.join(' ')}`) return [];
    return tasks.map((/** @type {{taskId: string, target: string, status: number}} */ task) => ({
      name: task.taskId,
      target: task.target,
      ok: task.status === 0,
    }));
  } catch {
    return [];
  }
}
