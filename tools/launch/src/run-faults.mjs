// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { cloneFolder, createFolder, workspaceRoot } from '../../stack/src/index.mjs';
import { installPackages } from './install.mjs';
import { runBuilt } from './run-built.mjs';

const HELP = `Usage: npm run test:faults [-- <options>]

Plays faults on platforms of its own (real stores, api, workers and schedulers as they ship) while tasks are submitted. After each
scenario everything is healed, and a checker of its own judges the logs and the stores: nothing lost, nothing overwritten, every
further start explained.

  --scenario <name>   a scenario, or its row of the fault matrix; several with commas; all of them when left out
  --cycles <number>   how often the fault happens
  --tasks <number>    how many tasks are submitted
  --seed <number>     repeats the choices of an earlier run
  --mutants           plays wrong versions of the platform instead, and fails when one is not noticed; --scenario names some
  --model             tries steps of the protocol in any order on a model of it instead, --cycles times (default 100000)
  --form short|long   sizes where they are not given; default long
  --report <file>     gets a line of JSON a scenario as soon as it is over, and <file>.txt a summary for people
  --detach            runs on by itself after the terminal is closed, and says where its output goes`;

const PROJECTS = ['api', 'scheduler', 'faults', 'faults-worker', 'faults-scheduler', 'faults-checker'];
/** The long form of everything on two cores. */
const FAULTS_TIMEOUT_MS = 24 * 3_600_000;

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  if (args.includes('--detach')) return detach(args.filter((arg) => arg !== '--detach'));
  await installPackages();
  return runBuilt({
    name: 'The fault suite',
    projects: PROJECTS,
    program: 'tools/faults',
    args,
    timeoutMs: FAULTS_TIMEOUT_MS,
  });
}

/**
 * Starts the same command again, apart from this terminal.
 *
 * @param {string[]} args
 */
function detach(args) {
  const log = join(createFolder(join(cloneFolder(), 'faults')), `output-${process.pid}.log`);
  const output = openSync(log, 'a', 0o600);
  const child = spawn(process.execPath, [join(workspaceRoot, 'tools', 'launch', 'faults.mjs'), ...args], {
    cwd: workspaceRoot,
    detached: true,
    stdio: ['ignore', output, output],
  });
  closeSync(output);
  child.unref();
  console.log(`Runs on as process ${child.pid}; its output goes to ${log}`);
  return 0;
}
