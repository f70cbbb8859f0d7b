// @ts-check
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createFolder, dataFolder } from './paths.mjs';
import { identityOf } from './process-identity.mjs';
import { recordedProcesses, recordProcesses, stopRecorded } from './process-record.mjs';

const PREFIX = 'test-';
const OWNER = 'owner.json';

/** See `index.d.mts`. @type {typeof import('./index.mjs').createRunFolder} */
export function createRunFolder() {
  const folder = mkdtempSync(join(createFolder(dataFolder()), `${PREFIX}${process.pid}-`));
  // The unprivileged PostgreSQL user has to pass through; what is below is closed by itself.
  chmodSync(folder, 0o711);
  recordProcesses(join(folder, OWNER), [process.pid]);
  return folder;
}

/** See `index.d.mts`. @type {typeof import('./index.mjs').removeDeadRunFolders} */
export async function removeDeadRunFolders() {
  const dead = runFolders().filter((folder) => !hasOwner(folder));
  await Promise.all(dead.map((folder) => removeRunFolder(folder)));
  return dead.length;
}

/** See `index.d.mts`. @type {typeof import('./index.mjs').livingRunFolders} */
export function livingRunFolders() {
  return runFolders().filter(hasOwner);
}

/** See `index.d.mts`. @type {typeof import('./index.mjs').removeRunFolder} */
export async function removeRunFolder(folder) {
  if (!existsSync(folder)) return;
  const parts = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  await Promise.all(parts.map((part) => stopRecorded(join(folder, part.name, 'process.json'), { timeoutMs: 2_000 })));
  rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
}

/** @returns {string[]} */
function runFolders() {
  const parent = dataFolder();
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => join(parent, name));
}

/**
 * A folder that is not signed yet may have been made this instant; then the number in its name is that of a living
 * process.
 *
 * @param {string} folder
 */
function hasOwner(folder) {
  const record = join(folder, OWNER);
  if (existsSync(record)) return recordedProcesses(record).length > 0;
  const pid = Number(basename(folder).split('-')[1]);
  return Number.isInteger(pid) && pid > 0 && identityOf(pid).startedAt !== '';
}
