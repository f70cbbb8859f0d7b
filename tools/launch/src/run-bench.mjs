// @ts-check
import { join } from 'node:path';
import { workspaceRoot } from '../../stack/src/index.mjs';
import { installPackages } from './install.mjs';
import { runBuilt } from './run-built.mjs';

const HELP = `Usage: npm run bench [-- <options>]

Measures Millrace and, beside it, other queues: how fast tasks are submitted and run, how long they wait, what they cost. Each run has
fresh stores of its own and fresh processes, the systems take turns, and a run counts only when every task has ended once and is
recorded right.

  --scenario <names>  some of the scenarios, with commas; all of them when left out
  --peers <names>     some of the other systems, with commas, or none; all of them when left out
  --rounds <number>   runs of each (5)
  --form full|smoke   smoke: few tasks, to see that everything works; its times mean nothing (full)
  --large <number>    tasks of the scenario drain-large (200000)
  --report <file>     gets everything that was found, as JSON
  --publish <file>    makes docs/benchmarks.md and its charts from such a report, and measures nothing

The packages of the other systems are installed into tools/bench at the first time.`;

const PROJECTS = ['api', 'bench', 'bench-worker'];
/** Everything, on a slow machine. */
const BENCH_TIMEOUT_MS = 12 * 60 * 60_000;

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  await installPackages();
  const alone = args.some((arg, index) => arg === '--peers=none' || (arg === '--peers' && args[index + 1] === 'none'));
  if (!alone) await installPackages({ folder: join(workspaceRoot, 'tools', 'bench'), what: 'the other queues' });
  return runBuilt({
    name: 'The benchmark',
    projects: PROJECTS,
    program: 'tools/bench/compare',
    args,
    timeoutMs: BENCH_TIMEOUT_MS,
  });
}
