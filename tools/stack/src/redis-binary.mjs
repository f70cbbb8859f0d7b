// @ts-check
import { execFileSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { unpackedRedis } from './redis-package.mjs';
import { StackError } from './stack-error.mjs';

/** The oldest Redis that has what the queue's scripts use. */
const OLDEST = { major: 6, minor: 2 };
const PROGRAMS = ['redis-server', 'valkey-server'];

/**
 * A server program that can be started.
 *
 * @typedef {object} RedisBinary
 * @property {string} command
 * @property {NodeJS.ProcessEnv} env
 */

/** There is no Redis on this machine and none could be unpacked; the message says what to do. */
export class RedisNotFoundError extends StackError {
  /**
   * @param {string} found what there is instead
   * @param {unknown} cause
   */
  constructor(found, cause) {
    super(
      `${found} Install Redis 6.2 or newer (Debian and Ubuntu: \`sudo apt-get install redis-server\`; ` +
        'macOS: `brew install redis`; Fedora: `sudo dnf install valkey`), or set REDIS_URL to a Redis or Valkey that runs.',
      { cause },
    );
  }
}

/**
 * Finds a server: on the PATH, else in the distribution's package, which is unpacked but not installed.
 *
 * @param {object} options
 * @param {string} options.folder where a package is unpacked and kept
 * @param {string} [options.path] the PATH to search; that of this process by default
 * @param {(line: string) => void} [options.progress]
 * @returns {Promise<RedisBinary>}
 * @throws {RedisNotFoundError}
 */
export async function findRedis({ folder, path = process.env.PATH ?? '', progress = () => {} }) {
  const onPath = programsOn(path).map((command) => ({ command, version: versionOf(command, process.env) }));
  const usable = onPath.find(({ version }) => version && isRecent(version));
  if (usable) return { command: usable.command, env: process.env };

  const tooOld = onPath.find(({ version }) => version);
  const found = tooOld
    ? `${tooOld.command} is too old (${tooOld.version?.join('.')}).`
    : 'There is no Redis on the PATH.';
  try {
    const binary = await unpackedRedis({ folder, progress });
    const version = versionOf(binary.command, binary.env);
    if (version && isRecent(version)) return binary;
    throw new Error(
      version ? `The distribution's package is too old (${version.join('.')}).` : 'The unpacked server does not run.',
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new RedisNotFoundError(`${found} Unpacking the distribution's package did not help: ${reason}`, error);
  }
}

/** @param {string} path */
function programsOn(path) {
  const folders = path.split(delimiter).filter((folder) => folder !== '');
  return PROGRAMS.flatMap((program) => folders.map((folder) => join(folder, program))).filter(isExecutable);
}

/** @param {string} file */
function isExecutable(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * @param {string} command
 * @param {NodeJS.ProcessEnv} env
 * @returns {number[] | undefined} undefined when the program does not run
 */
function versionOf(command, env) {
  try {
    const output = execFileSync(command, ['--version'], { env, encoding: 'utf8', timeout: 10_000, stdio: 'pipe' });
    const match = /v=(\d+)\.(\d+)\.(\d+)/.exec(output);
    return match ? match.slice(1).map(Number) : undefined;
  } catch {
    return undefined;
  }
}

/** @param {readonly number[]} version */
function isRecent([major = 0, minor = 0]) {
  return major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor);
}
