// @ts-check
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { lastLines } from './log-tail.mjs';
import { createFolder, dataFolder } from './paths.mjs';
import { onFreePort, PortTakenError } from './ports.mjs';
import { postgresBinaries } from './postgres-binaries.mjs';
import { stopRecorded, waitUntil } from './process-record.mjs';
import { ServerProcess } from './server-process.mjs';
import { StackError } from './stack-error.mjs';
import { StoreHandle } from './store-handle.mjs';
import { unprivilegedUser } from './unprivileged-user.mjs';

/** Crash recovery of a large data folder takes its time. */
const START_TIMEOUT_MS = 120_000;

/** A server that was killed leaves children behind, which hold the data folder until they notice. */
const PREDECESSOR_TIMEOUT_MS = 20_000;

const SUPERUSER = 'millrace';
const DATABASE = 'millrace';

/** Safe on power loss; the defaults of the server, said aloud. */
const DURABLE = ['-c', 'fsync=on', '-c', 'synchronous_commit=on', '-c', 'full_page_writes=on'];
/** For tests: a commit survives a kill -9 of the server, and a crash of the machine ends the tests anyhow. */
const VOLATILE = ['-c', 'fsync=off', '-c', 'synchronous_commit=on', '-c', 'full_page_writes=off'];

/** Starts PostgreSQL; see `index.d.mts`. @type {typeof import('./index.mjs').startPostgres} */
export async function startPostgres({ dataDir, port, durability, log, settings = {} }) {
  const user = unprivilegedUser();
  const binaries = postgresBinaries(user ? { copyInto: dataFolder() } : {});
  createFolder(dataDir);
  const record = join(dataDir, 'process.json');
  await stopRecorded(record, { signal: 'SIGINT' });
  const cluster = join(dataDir, 'cluster');
  refuseOtherMajor(cluster, binaries.major);
  const password = await ensureCluster({ dataDir, cluster, binaries, user });

  /** @param {number} chosenPort */
  const start = (chosenPort) => {
    const args = ['-D', cluster, '-p', String(chosenPort), ...settingArgs(durability, settings)];
    /** @type {import('./server-process.mjs').ServerCommand} */
    const command = {
      command: binaries.postgres,
      args,
      log,
      record,
      stopSignal: 'SIGINT',
      stopTimeoutMs: 15_000,
      cwd: cluster,
      env: serverEnvironment(),
      ...(user ? { user } : {}),
    };
    const url = `postgresql://${SUPERUSER}:${password}@127.0.0.1:${chosenPort}/${DATABASE}`;
    return StoreHandle.start({ url, port: chosenPort, launch: () => launch(command, cluster, chosenPort) });
  };
  return port === undefined ? onFreePort(start) : start(port);
}

/**
 * @param {'durable' | 'volatile'} durability
 * @param {Readonly<Record<string, string>>} settings
 */
function settingArgs(durability, settings) {
  return [
    ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories='],
    ...(durability === 'durable' ? DURABLE : VOLATILE),
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  ];
}

/**
 * @param {import('./server-process.mjs').ServerCommand} command
 * @param {string} cluster
 * @param {number} port
 */
async function launch(command, cluster, port) {
  const deadline = performance.now() + PREDECESSOR_TIMEOUT_MS;
  for (;;) {
    const logStart = sizeOf(command.log);
    const server = new ServerProcess(command);
    const ready = await waitUntil(() => !server.running || isReady(cluster, server.pid), START_TIMEOUT_MS);
    if (ready && server.running) return server;
    await server.kill('SIGKILL');
    const output = lastLines(command.log, { fromByte: logStart });
    if (/could not bind|could not create any TCP/.test(output)) throw new PortTakenError(port);
    const held = /pre-existing shared memory block|lock file "postmaster\.pid" already exists/.test(output);
    if (!held || performance.now() > deadline) {
      throw new StackError(
        `PostgreSQL did not start (${await server.exited}). Its log, ${command.log}, ends with:\n${output}`,
      );
    }
    await delay(200);
  }
}

/**
 * The server itself keeps its state in the eighth line of this file, after its number in the first.
 *
 * @param {string} cluster
 * @param {number} pid
 */
function isReady(cluster, pid) {
  try {
    const lines = readFileSync(join(cluster, 'postmaster.pid'), 'utf8').split('\n');
    return Number(lines[0]) === pid && lines[7]?.trim() === 'ready';
  } catch {
    return false;
  }
}

/**
 * Makes the database cluster at the first start. It is made aside and moved into place whole, so that an interrupted
 * first start leaves nothing that looks like data.
 *
 * @param {object} options
 * @param {string} options.dataDir
 * @param {string} options.cluster where the data goes
 * @param {import('./postgres-binaries.mjs').PostgresBinaries} options.binaries
 * @param {{uid: number, gid: number} | undefined} options.user
 * @returns {Promise<string>} the password of the superuser
 */
async function ensureCluster({ dataDir, cluster, binaries, user }) {
  const passwordFile = join(dataDir, 'password');
  if (existsSync(join(cluster, 'PG_VERSION'))) return readFileSync(passwordFile, 'utf8').trim();

  const password = randomBytes(18).toString('base64url');
  const draft = join(dataDir, 'cluster.new');
  const handedPassword = join(dataDir, 'password.new');
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  writeFileSync(handedPassword, password, { mode: 0o600 });
  if (user) for (const path of [draft, handedPassword]) chownSync(path, user.uid, user.gid);
  try {
    await initialize(binaries.initdb, [`--pgdata=${draft}`, `--pwfile=${handedPassword}`], user);
    await createDatabase(binaries.postgres, draft, user);
  } finally {
    rmSync(handedPassword, { force: true });
  }
  writeFileSync(passwordFile, password, { mode: 0o600 });
  renameSync(draft, cluster);
  return password;
}

/**
 * @param {string} initdb
 * @param {string[]} places
 * @param {{uid: number, gid: number} | undefined} user
 */
async function initialize(initdb, places, user) {
  const args = [
    ...places,
    `--username=${SUPERUSER}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--locale=C',
    '--no-sync',
    '--no-instructions',
  ];
  await runOnce(initdb, args, { user });
}

/**
 * The packages hold no client, so the database is made by the server itself in its single-user mode.
 *
 * @param {string} postgres
 * @param {string} cluster
 * @param {{uid: number, gid: number} | undefined} user
 */
async function createDatabase(postgres, cluster, user) {
  await runOnce(postgres, ['--single', '-D', cluster, 'postgres'], { user, input: `CREATE DATABASE ${DATABASE};\n` });
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {{user: {uid: number, gid: number} | undefined, input?: string}} options
 */
async function runOnce(command, args, { user, input = '' }) {
  try {
    const running = promisify(execFile)(command, args, {
      cwd: '/',
      env: serverEnvironment(),
      timeout: START_TIMEOUT_MS,
      ...user,
    });
    running.child.stdin?.end(input);
    await running;
  } catch (error) {
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new StackError(`PostgreSQL could not prepare its data folder: ${output || String(error)}`, { cause: error });
  }
}

/** PG* variables of the caller must not leak into our server, and its messages are matched in English. */
function serverEnvironment() {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
}

/**
 * @param {string} cluster
 * @param {number} major
 */
function refuseOtherMajor(cluster, major) {
  const versionFile = join(cluster, 'PG_VERSION');
  if (!existsSync(versionFile)) return;
  const found = readFileSync(versionFile, 'utf8').trim();
  if (found === String(major)) return;
  throw new StackError(
    `The data in ${cluster} belongs to PostgreSQL ${found}, and this is PostgreSQL ${major}. Nothing was changed. ` +
      'Dump it with the old version and load it into a new folder, or start over with `npm run reset`.',
  );
}

/** @param {string} file */
function sizeOf(file) {
  return existsSync(file) ? statSync(file).size : 0;
}
