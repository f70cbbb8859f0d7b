// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, openSync, rmSync } from 'node:fs';
import { identityOf, recordProcesses, stopProcess, workspaceRoot } from '../../stack/src/index.mjs';

/**
 * How a program ended.
 *
 * @typedef {object} Outcome
 * @property {boolean} ok whether it ended by itself with exit code 0
 * @property {string} text a phrase for people, such as `exit code 2`
 */

/**
 * @typedef {object} ProgramOptions
 * @property {number} timeoutMs after which it is stopped
 * @property {NodeJS.ProcessEnv} [env] added to the environment
 * @property {string} [record] file that names the process, for a later start to stop it when this launcher was killed
 * @property {string} [log] file that gets the output, from the start, instead of the terminal
 */

/** How long a program may take to stop before it is killed. */
const STOP_TIMEOUT_MS = 5_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();
let stopped = false;

/**
 * Runs a program in the clone, in a process group of its own, with its output on the terminal or in a file. After
 * `stopPrograms` it never answers, as the launcher is about to end.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {ProgramOptions} options
 * @returns {Promise<Outcome>}
 */
export function runProgram(command, args, { timeoutMs, env = {}, record, log }) {
  return new Promise((resolve) => {
    if (stopped) return;
    const output = log === undefined ? 'inherit' : openSync(log, 'w', 0o600);
    const child = spawn(command, args, {
      cwd: workspaceRoot,
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...env },
    });
    if (typeof output === 'number') closeSync(output);
    running.add(child);
    if (record !== undefined && child.pid !== undefined) recordProcesses(record, [child.pid]);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      void stop(child);
    }, timeoutMs);
    /** @param {Outcome} outcome */
    const finish = (outcome) => {
      clearTimeout(timer);
      running.delete(child);
      if (record !== undefined) rmSync(record, { force: true });
      if (!stopped) resolve(outcome);
    };
    child.once('error', (error) => finish({ ok: false, text: error.message }));
    child.once('exit', (code, signal) => {
      const text = signal ? `ended by ${signal}` : `exit code ${code}`;
      finish({ ok: code === 0, text: timedOut ? `stopped after ${Math.round(timeoutMs / 1000)} s` : text });
    });
  });
}

/** Stops whatever `runProgram` runs now, and lets nothing start any more. */
export async function stopPrograms() {
  stopped = true;
  await Promise.all([...running].map(stop));
}

/** @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  if (child.pid === undefined) return;
  await stopProcess(identityOf(child.pid), { signal: 'SIGTERM', timeoutMs: STOP_TIMEOUT_MS });
}
