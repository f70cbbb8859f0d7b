// @ts-check
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { identityOf, stopProcess, waitUntil, workspaceRoot } from '../../stack/src/index.mjs';
import { LaunchError } from './launch-error.mjs';
import { lockHolder } from './lock-file.mjs';
import { progress } from './progress.mjs';
import { readStackFile, stateFiles } from './state-files.mjs';

/** A first start installs, unpacks, builds and migrates. */
const START_TIMEOUT_MS = 20 * 60_000;
/** Services get half a minute to hand back what they run, stores some more. */
const STOP_TIMEOUT_MS = 60_000;

/** @typedef {import('./state-files.mjs').StackFile} StackFile */

/**
 * The platform that runs in this clone; when none runs, one is started as by `npm start`.
 *
 * @param {import('./shutdown.mjs').Shutdown} shutdown ends a platform that was started here
 * @returns {Promise<StackFile>}
 * @throws {LaunchError} when the platform does not start, or only the stores run
 */
export async function runningPlatform(shutdown) {
  const found = currentStack();
  if (found) return withServices(found);

  if (!lockHolder(stateFiles.lock)) progress('No platform runs here; starting one, which ends with this command');
  const child = spawn(process.execPath, [join(workspaceRoot, 'tools', 'launch', 'start.mjs')], {
    cwd: workspaceRoot,
    detached: true,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const ended = () => child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
  shutdown.add('services', async () => {
    if (child.pid === undefined || ended()) return;
    await stopProcess(identityOf(child.pid), { signal: 'SIGINT', timeoutMs: STOP_TIMEOUT_MS });
  });
  await waitUntil(async () => ended() || currentStack() !== undefined, START_TIMEOUT_MS);
  const stack = currentStack();
  if (!stack) throw new LaunchError('The platform did not start; its own words are above.');
  return withServices(stack);
}

/** @returns {StackFile | undefined} */
function currentStack() {
  const holder = lockHolder(stateFiles.lock);
  return holder && readStackFile(holder.pid);
}

/** @param {StackFile} stack */
function withServices(stack) {
  if (stack.services.api) return stack;
  throw new LaunchError(
    'Only the stores run here. Stop them with Ctrl-C and run `npm start`, then this command again.',
  );
}
