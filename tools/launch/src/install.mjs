// @ts-check
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cloneFolder, stopRecorded, workspaceRoot } from '../../stack/src/index.mjs';
import { LaunchError } from './launch-error.mjs';
import { lock, unlock } from './lock-file.mjs';
import { progress } from './progress.mjs';
import { runProgram } from './run-program.mjs';

/** A first installation over a slow line. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;
/** npm is silent where there is no terminal. */
const REMINDER_MS = 15_000;

/**
 * Installs the npm packages of a folder when they are missing or are not those of its lock file. Two commands that start at
 * once install once.
 *
 * @param {object} [options]
 * @param {string} [options.folder] default: the workspace
 * @param {string} [options.what] whose packages, for the person who waits
 * @throws {LaunchError} when the installation fails
 */
export async function installPackages({ folder = workspaceRoot, what = 'the platform' } = {}) {
  if (isInstalled(folder)) return;
  const lockFile = join(cloneFolder(), 'install.lock');
  const holder = await lock(lockFile, 'npm ci', INSTALL_TIMEOUT_MS);
  if (holder)
    throw new LaunchError(`Process ${holder.pid} is still installing packages. Wait for it, or stop it and try again.`);
  try {
    if (!isInstalled(folder)) await install(folder, what);
  } finally {
    unlock(lockFile);
  }
}

/**
 * @param {string} folder
 * @param {string} what
 */
async function install(folder, what) {
  progress(`Installing the npm packages of ${what} (npm ci); the first time takes a minute or two`);
  const record = join(cloneFolder(), 'install.json');
  // An installation whose launcher was killed goes on by itself, and would remove what this one writes.
  await stopRecorded(record);
  const npm = process.env.npm_execpath;
  const [command, args] = npm?.endsWith('js') ? [process.execPath, [npm]] : ['npm', []];
  // The packages for building are needed too, whatever NODE_ENV says.
  const options = ['--include=dev', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder];
  const reminder = setInterval(() => progress('Still installing npm packages'), REMINDER_MS);
  const outcome = await runProgram(command, [...args, 'ci', ...options], { timeoutMs: INSTALL_TIMEOUT_MS, record });
  clearInterval(reminder);
  if (!outcome.ok) {
    throw new LaunchError(
      `Installing the npm packages failed (${outcome.text}); npm's own words are above. ` +
        'Check that the registry answers (`npm ping`) and that the disk has room, then run the same command again.',
    );
  }
  markInstalled(folder);
  progress('Installed the npm packages');
}

/**
 * Whether the packages are those of the lock file: by its hash, as `git checkout` changes times, or, when somebody
 * installed by hand, by npm's own record being newer. npm writes that record last, so an interrupted installation does
 * not count.
 *
 * @param {string} root
 */
export function isInstalled(root) {
  const record = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(record)) return false;
  const marker = markerOf(root);
  if (existsSync(marker) && readFileSync(marker, 'utf8') === lockHash(root)) return true;
  return statSync(record).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

/**
 * Notes for which lock file the packages were installed.
 *
 * @param {string} root
 */
export function markInstalled(root) {
  writeFileSync(markerOf(root), lockHash(root));
}

/** @param {string} root */
function markerOf(root) {
  return join(root, 'node_modules', '.installed-lock-hash');
}

/** @param {string} root */
function lockHash(root) {
  return createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
}
