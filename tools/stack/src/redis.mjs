// @ts-check
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { lastLines } from './log-tail.mjs';
import { cloneFolder, createFolder } from './paths.mjs';
import { onFreePort, PortTakenError } from './ports.mjs';
import { stopRecorded, waitUntil } from './process-record.mjs';
import { findRedis } from './redis-binary.mjs';
import { ServerProcess } from './server-process.mjs';
import { StackError } from './stack-error.mjs';
import { StoreHandle } from './store-handle.mjs';

/** Loading a large append-only file takes its time. */
const START_TIMEOUT_MS = 60_000;
/** One answer of a server on this machine. */
const ANSWER_TIMEOUT_MS = 1_000;
const PASSWORD = /^[A-Za-z0-9_-]{1,256}$/;

/** Starts Redis; see `index.d.mts`. @type {typeof import('./index.mjs').startRedis} */
export async function startRedis({ dataDir, port, persistence, log, password, extraArgs = [], progress = () => {} }) {
  if (password !== undefined && !PASSWORD.test(password))
    throw new Error('A Redis password here is 1-256 of A-Za-z0-9_-.');
  const { command, env } = await findRedis({ folder: join(cloneFolder(), 'redis-package'), progress });
  createFolder(dataDir, 0o700);
  await stopRecorded(recordIn(dataDir));

  /** @param {number} chosenPort */
  const start = (chosenPort) =>
    startOn({ dataDir, port: chosenPort, persistence, log, password, extraArgs, command, env });
  return port === undefined ? onFreePort(start) : start(port);
}

/**
 * @param {{dataDir: string, port: number, persistence: 'appendonly' | 'none', log: string, password: string | undefined,
 *   extraArgs: readonly string[], command: string, env: NodeJS.ProcessEnv}} options
 */
async function startOn({ dataDir, port, persistence, log, password, extraArgs, command, env }) {
  // The password goes through a file, as everyone on the machine sees the arguments of a process.
  const settings = join(dataDir, 'redis.conf');
  writeFileSync(settings, settingsText({ dataDir, port, persistence, password }), { mode: 0o600 });
  /** @type {import('./server-process.mjs').ServerCommand} */
  const serverCommand = {
    command,
    args: [settings, ...extraArgs],
    log,
    record: recordIn(dataDir),
    stopSignal: 'SIGTERM',
    stopTimeoutMs: 10_000,
    env,
    cwd: dataDir,
  };
  const url = `redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`;
  return StoreHandle.start({ url, port, launch: () => launch(serverCommand, port, password) });
}

/** @param {string} dataDir */
function recordIn(dataDir) {
  return join(dataDir, 'process.json');
}

/** @param {{dataDir: string, port: number, persistence: 'appendonly' | 'none', password: string | undefined}} options */
function settingsText({ dataDir, port, persistence, password }) {
  return [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir "${dataDir.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`,
    'daemonize no',
    'save ""',
    `appendonly ${persistence === 'appendonly' ? 'yes' : 'no'}`,
    'appendfsync everysec',
    'maxmemory-policy noeviction',
    ...(password === undefined ? [] : [`requirepass ${password}`]),
    '',
  ].join('\n');
}

/**
 * @param {import('./server-process.mjs').ServerCommand} command
 * @param {number} port
 * @param {string | undefined} password
 */
async function launch(command, port, password) {
  const logStart = existsSync(command.log) ? statSync(command.log).size : 0;
  const server = new ServerProcess(command);
  const ready = await waitUntil(
    async () => !server.running || (await answeringPid(port, password)) === server.pid,
    START_TIMEOUT_MS,
  );
  if (ready && server.running) return server;
  await server.kill('SIGKILL');
  const output = lastLines(command.log, { fromByte: logStart });
  if (/Address already in use/.test(output)) throw new PortTakenError(port);
  throw new StackError(`Redis did not start (${await server.exited}). Its log, ${command.log}, ends with:\n${output}`);
}

/**
 * Which process answers on a port: another server may hold it, and would answer as well. While data
 * loads the server answers too, and is not ready.
 *
 * @param {number} port
 * @param {string | undefined} password
 * @returns {Promise<number | undefined>}
 */
function answeringPid(port, password) {
  return new Promise((resolve) => {
    let answer = '';
    const socket = connect({ port, host: '127.0.0.1' });
    const finish = () => {
      socket.destroy();
      const match = /^process_id:(\d+)/m.exec(answer);
      // A Sentinel has nothing to load.
      const isReady = answer.includes('\nloading:0') || answer.includes('\nredis_mode:sentinel');
      resolve(match && isReady ? Number(match[1]) : undefined);
    };
    socket.setTimeout(ANSWER_TIMEOUT_MS, finish);
    socket.once('error', finish);
    socket.once('close', finish);
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    socket.write(`${password === undefined ? '' : `AUTH ${password}\r\n`}INFO\r\nQUIT\r\n`);
  });
}
