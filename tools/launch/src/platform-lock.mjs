// @ts-check
import { setTimeout as delay } from 'node:timers/promises';
import { LaunchError } from './launch-error.mjs';
import { tryLock } from './lock-file.mjs';
import { progress } from './progress.mjs';
import { readStackFile, stateFiles } from './state-files.mjs';

/** The other may be installing packages, building, and recovering data. */
const OTHER_START_TIMEOUT_MS = 20 * 60_000;

/**
 * What runs in this clone already.
 *
 * @typedef {object} RunningPlatform
 * @property {string} command the command that started it
 * @property {import('./state-files.mjs').StackFile} stack
 */

/**
 * Makes this process the one that runs the platform in this clone. If another process is, waits until that has
 * finished starting.
 *
 * @param {string} command such as `npm start`
 * @returns {Promise<RunningPlatform | undefined>} undefined when this process is the one
 * @throws {LaunchError} when the other one does not finish starting
 */
export async function takePlatform(command) {
  const deadline = performance.now() + OTHER_START_TIMEOUT_MS;
  let announced = false;
  for (;;) {
    const holder = tryLock(stateFiles.lock, command);
    if (!holder) return undefined;
    const stack = readStackFile(holder.pid);
    if (stack) return { command: holder.command, stack };
    if (performance.now() > deadline) {
      throw new LaunchError(`\`${holder.command}\` (process ${holder.pid}) is still starting. Stop it and try again.`);
    }
    if (!announced) progress(`\`${holder.command}\` (process ${holder.pid}) is starting or stopping; waiting for it`);
    announced = true;
    await delay(200);
  }
}
