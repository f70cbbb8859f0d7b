// @ts-check
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { descendantsOf, identityOf } from './process-identity.mjs';
import { recordProcesses, signalProcess, stopProcess } from './process-record.mjs';

/** These are felt by a whole server, not by its first process alone: a crash or a freeze of the machine. */
const WHOLE_TREE = new Set(['SIGKILL', 'SIGSTOP', 'SIGCONT']);

/**
 * How a server is started.
 *
 * @typedef {object} ServerCommand
 * @property {string} command
 * @property {readonly string[]} args
 * @property {string} log file that gets its output, appended
 * @property {string} record file that names the process for a later start
 * @property {NodeJS.Signals} stopSignal the polite one
 * @property {number} stopTimeoutMs how long that may take
 * @property {NodeJS.ProcessEnv} [env]
 * @property {string} [cwd]
 * @property {{uid: number, gid: number}} [user]
 */

/**
 * A store that runs in a process group of its own, so that Ctrl-C in the terminal reaches the launcher alone, which then
 * decides the order in which things end.
 */
export class ServerProcess {
  #child;
  #command;

  /** @param {ServerCommand} command */
  constructor(command) {
    this.#command = command;
    const output = openSync(command.log, 'a', 0o600);
    try {
      this.#child = spawn(command.command, command.args, {
        detached: true,
        stdio: ['ignore', output, output],
        cwd: command.cwd ?? '/',
        env: command.env ?? process.env,
        ...command.user,
      });
    } finally {
      closeSync(output);
    }
    /** Resolves when the process has ended, however it ended; never rejects. */
    this.exited = this.#end();
    if (this.#child.pid !== undefined) recordProcesses(command.record, [this.#child.pid]);
  }

  /** Its number; 0 when it could not be started. */
  get pid() {
    return this.#child.pid ?? 0;
  }

  get running() {
    return this.pid !== 0 && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it politely, then by force; resolves when it has ended. */
  async stop() {
    if (!this.running) return;
    const { stopSignal, stopTimeoutMs } = this.#command;
    this.#resume();
    await stopProcess(identityOf(this.pid), { signal: stopSignal, timeoutMs: stopTimeoutMs });
    await this.exited;
  }

  /**
   * Sends a signal; SIGKILL, SIGSTOP and SIGCONT go to its children as well. After SIGKILL it waits for the end.
   *
   * @param {NodeJS.Signals} signal
   */
  async kill(signal) {
    if (!this.running) return;
    const pids = WHOLE_TREE.has(signal) ? [this.pid, ...descendantsOf(this.pid)] : [this.pid];
    for (const pid of pids) signalProcess(pid, signal);
    if (signal === 'SIGKILL') await this.exited;
  }

  #resume() {
    for (const pid of descendantsOf(this.pid)) signalProcess(pid, 'SIGCONT');
  }

  /** @returns {Promise<string>} what to say about it */
  #end() {
    return new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('exit', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
    });
  }
}
