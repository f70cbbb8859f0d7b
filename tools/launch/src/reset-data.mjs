// @ts-check
import { once } from 'node:events';
import { existsSync, rmSync } from 'node:fs';
import { createInterface } from 'node:readline/promises';
import { cloneFolder, dataFolder, livingRunFolders, removeDeadRunFolders } from '../../stack/src/index.mjs';
import { readArguments } from './arguments.mjs';
import { LaunchError } from './launch-error.mjs';
import { lockHolder, tryLock, unlock } from './lock-file.mjs';
import { stateFiles } from './state-files.mjs';
import { stopLeftovers } from './stores.mjs';

const HELP = `Usage: npm run reset [-- --yes]

Removes all local data of this clone: the databases, the logs and the unpacked Redis. Asks first; --yes does not.
A database or Redis that DATABASE_URL or REDIS_URL names is not touched.`;

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
export async function main(args) {
  const { help, flags } = readArguments(args, { help: HELP, flags: ['--yes'] });
  if (help) return 0;
  const folders = [...new Set([cloneFolder(), dataFolder()])].filter((folder) => existsSync(folder));
  if (folders.length === 0) {
    console.log('There is no local data.');
    return 0;
  }
  refuseWhileRunning(lockHolder(stateFiles.lock));
  if (!flags.includes('--yes') && !(await isAgreed(folders))) {
    console.log('Nothing was removed.');
    return 1;
  }
  // From here on nothing can start in the midst of it.
  refuseWhileRunning(tryLock(stateFiles.lock, 'npm run reset'));
  await stopLeftovers();
  await refuseWhileTested();
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  console.log('Removed.');
  return 0;
}

/** @param {import('./lock-file.mjs').LockHolder | undefined} holder */
function refuseWhileRunning(holder) {
  if (!holder) return;
  throw new LaunchError(
    `\`${holder.command}\` (process ${holder.pid}) is running here. Stop it with Ctrl-C first. Nothing was removed.`,
  );
}

async function refuseWhileTested() {
  await removeDeadRunFolders();
  const living = livingRunFolders();
  if (living.length === 0) return;
  unlock(stateFiles.lock);
  throw new LaunchError(
    `Tests are running here, on ${living.join(' and ')}. Wait for their end first. Nothing was removed.`,
  );
}

/**
 * @param {readonly string[]} folders
 * @returns {Promise<boolean>} false also when nobody is there to answer
 */
async function isAgreed(folders) {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  const noAnswer = once(terminal, 'close').then(() => '');
  const answer = await Promise.race([
    terminal.question(`Remove ${folders.join(' and ')}, with all tasks? [y/N] `),
    noAnswer,
  ]);
  terminal.close();
  return /^y(es)?$/i.test(answer.trim());
}
