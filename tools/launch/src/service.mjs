// @ts-check
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import {
  freePort,
  identityOf,
  isFree,
  lastLines,
  signalProcess,
  stopProcess,
  waitUntil,
  workspaceRoot,
} from '../../stack/src/index.mjs';
import { LaunchError } from './launch-error.mjs';
import { LogFile } from './log-file.mjs';
import { worthShowing } from './log-line.mjs';

/** A service connects and answers within a second or two; a loaded machine takes longer. */
const READY_TIMEOUT_MS = 90_000;
const HEALTH_TIMEOUT_MS = 2_000;
/** Running tasks are handed back within this time; whoever takes longer is killed. */
const STOP_TIMEOUT_MS = 30_000;
/** How often another program may snatch the port between the choice and the start. */
const PORT_ATTEMPTS = 5;

/** @typedef {{name: string, portVariable: string, defaultPort: number}} ServiceKind */

/** One of our services as a child process in a process group of its own. */
export class Service {
  #child;

  /**
   * @param {object} options
   * @param {string} options.name such as `api`
   * @param {string} options.host the address it listens on
   * @param {number} options.port
   * @param {NodeJS.ProcessEnv} options.env
   * @param {string} options.logFolder
   */
  constructor({ name, host, port, env, logFolder }) {
    this.name = name;
    this.port = port;
    this.address = `http://${reachable(host)}:${port}`;
    this.stopping = false;
    const log = new LogFile(join(logFolder, `${name}.log`), (line) => this.#show(line));
    this.logFile = log.file;
    this.#child = spawn(process.execPath, [join('dist', 'apps', name, 'main.js')], {
      cwd: workspaceRoot,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env,
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream.on('data', (chunk) => log.write(chunk));
    /** Resolves with the reason when it has ended; never rejects. @type {Promise<string>} */
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(error.message));
      this.#child.once('close', (code, signal) => resolve(signal ? `ended by ${signal}` : `exit code ${code}`));
    });
  }

  get pid() {
    return this.#child.pid ?? 0;
  }

  get running() {
    return this.pid !== 0 && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /**
   * Waits until it reports itself ready.
   *
   * @returns {Promise<boolean>} false when it ended instead, or the time is over
   */
  async becomesReady() {
    const settled = await waitUntil(async () => !this.running || (await isReady(this.address)), READY_TIMEOUT_MS);
    return settled && this.running;
  }

  async stop() {
    this.stopping = true;
    if (!this.running) return;
    await stopProcess(identityOf(this.pid), { signal: 'SIGTERM', timeoutMs: STOP_TIMEOUT_MS });
    await this.exited;
  }

  /** Ends it at once; the tasks it runs are taken up by the next worker. */
  hasten() {
    if (this.running) signalProcess(this.pid, 'SIGKILL');
  }

  /** The end of its log, for a message about its death. */
  lastWords() {
    return lastLines(this.logFile, { count: 20 });
  }

  /** @param {string} line */
  #show(line) {
    const shown = this.stopping ? undefined : worthShowing(line);
    if (shown !== undefined) console.log(`[${this.name}] ${shown}`);
  }
}

/**
 * Starts one service on its port, or the next free one when the port was not set explicitly, and waits until it is ready.
 *
 * @param {ServiceKind} kind
 * @param {object} options
 * @param {string} options.host
 * @param {number} options.port chosen before, and free then
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string} options.logFolder
 * @param {readonly number[]} options.except ports of the other services
 * @param {(service: Service) => void} options.onStart called with each process that was started
 * @returns {Promise<Service>}
 * @throws {LaunchError} when it does not become ready; holds the end of its log
 */
export async function startService(kind, { host, port, env, logFolder, except, onStart }) {
  for (let attempt = 1; ; attempt++) {
    const service = new Service({
      name: kind.name,
      host,
      port,
      env: { ...env, [kind.portVariable]: String(port) },
      logFolder,
    });
    onStart(service);
    if (await service.becomesReady()) return service;
    const snatched = !service.running && !(await isFree(port, host));
    if (snatched && attempt < PORT_ATTEMPTS) {
      const explicit = process.env[kind.portVariable] ? kind.portVariable : undefined;
      port = await freePort(port, { host, except, explicit });
      continue;
    }
    const what = service.running
      ? `is not ready after ${READY_TIMEOUT_MS / 1000} s`
      : `ended (${await service.exited})`;
    throw new LaunchError(`The ${kind.name} ${what}. Its log, ${service.logFile}, ends with:\n${service.lastWords()}`);
  }
}

/**
 * @param {string} address
 * @returns {Promise<boolean>}
 */
async function isReady(address) {
  try {
    const response = await fetch(`${address}/health/ready`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/**
 * A wildcard address is listened on, not connected to.
 *
 * @param {string} host
 */
function reachable(host) {
  if (host === '0.0.0.0') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}
