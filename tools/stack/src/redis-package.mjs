// @ts-check
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A download over a slow line; apt itself gives up on a dead one earlier. */
const APT_TIMEOUT_MS = 180_000;

/**
 * In Debian and Ubuntu the program itself is in `redis-tools` (as `redis-check-rdb`, which serves when it is called
 * `redis-server`); the `redis-server` package adds the name and the service files, for whose needs nothing is fetched.
 */
const PACKAGE = 'redis-tools';
const PROGRAMS = ['usr/bin/redis-server', 'usr/bin/redis-check-rdb'];

/**
 * Unpacks the distribution's Redis and the libraries that this machine lacks. Nothing is installed: apt gets lists and a
 * cache of its own in `folder`, and decides only which packages are missing here.
 *
 * @param {object} options
 * @param {string} options.folder kept, and used again by later calls
 * @param {(line: string) => void} options.progress
 * @returns {Promise<import('./redis-binary.mjs').RedisBinary>}
 * @throws {Error} when there is no apt or the packages cannot be had
 */
export async function unpackedRedis({ folder, progress }) {
  const target = join(folder, 'unpacked');
  if (!existsSync(join(target, 'redis-server'))) {
    progress("There is no Redis on the PATH: unpacking the distribution's package (once, nothing is installed)");
    await unpack({ folder, target });
  }
  return { command: join(target, 'redis-server'), env: { ...process.env, LD_LIBRARY_PATH: libraryPath(target) } };
}

/** @param {{folder: string, target: string}} options */
async function unpack({ folder, target }) {
  const work = join(folder, `work-${process.pid}`);
  rmSync(work, { recursive: true, force: true });
  mkdirSync(join(work, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(work, 'cache', 'archives', 'partial'), { recursive: true });
  const settings = join(work, 'apt.conf');
  writeFileSync(settings, aptSettings(work));
  try {
    await apt(settings, ['update']);
    await apt(settings, ['install', '--download-only', '--yes', '--no-install-recommends', PACKAGE]);
    const root = join(work, 'root');
    for (const name of readdirSync(join(work, 'cache', 'archives'))) {
      if (name.endsWith('.deb')) await tool('dpkg-deb', ['-x', join(work, 'cache', 'archives', name), root]);
    }
    placeProgram(root);
    rmSync(target, { recursive: true, force: true });
    renameSync(root, target);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * Read by apt after the machine's own settings, so that its sources and proxies count and its hooks do not.
 *
 * - Under root apt downloads as `_apt`, who cannot reach a clone in a closed home.
 * - Without locking, as nothing of the system is changed and an ordinary user may not lock.
 *
 * @param {string} work
 */
function aptSettings(work) {
  return `#clear APT::Update;
#clear DPkg;
Dir::State::Lists "${work}/lists";
Dir::Cache "${work}/cache";
Dir::Cache::Archives "archives";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
APT::Sandbox::User "";
APT::Keep-Downloaded-Packages "true";
Acquire::Languages "none";
Acquire::Retries "2";
Debug::NoLocking "true";
`;
}

/**
 * @param {string} settings
 * @param {string[]} args
 */
async function apt(settings, args) {
  await tool('apt-get', ['--quiet', '--config-file', settings, ...args]);
}

/**
 * @param {string} command
 * @param {string[]} args
 */
async function tool(command, args) {
  const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  try {
    await run(command, args, { env, timeout: APT_TIMEOUT_MS, maxBuffer: 4 * 1024 * 1024 });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new Error(`this machine has no ${command}.`, { cause: error });
    }
    const output = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error);
    throw new Error(`${command} said: ${output.split('\n').slice(-3).join(' ')}`, { cause: error });
  }
}

/** @param {string} root */
function placeProgram(root) {
  const program = PROGRAMS.find((path) => existsSync(join(root, path)));
  if (!program) throw new Error(`the package ${PACKAGE} holds no server.`);
  symlinkSync(program, join(root, 'redis-server'));
}

/**
 * Every folder with libraries among the unpacked packages; their names hold the machine's architecture.
 *
 * @param {string} target
 */
function libraryPath(target) {
  const parents = [join(target, 'lib'), join(target, 'usr', 'lib')].filter((parent) => existsSync(parent));
  const folders = parents.flatMap((parent) => [
    parent,
    ...readdirSync(parent, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.includes('-linux-'))
      .map((entry) => join(parent, entry.name)),
  ]);
  return [...folders, process.env.LD_LIBRARY_PATH].filter(Boolean).join(':');
}
