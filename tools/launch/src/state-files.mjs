// @ts-check
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cloneFolder, createFolder, dataFolder } from '../../stack/src/index.mjs';

/**
 * Where a running platform is found; services started by hand in development read it for the addresses of the stores.
 *
 * @typedef {object} StackFile
 * @property {string} databaseUrl
 * @property {string} redisUrl
 * @property {number} pid of the launcher
 * @property {Record<string, string>} services name to address; empty when only the stores run
 */

/** The files of a running platform in this clone. */
export const stateFiles = {
  /** Held by the launcher that runs the platform or the stores. */
  lock: join(cloneFolder(), 'start.lock'),
  stack: join(cloneFolder(), 'stack.json'),
  /** Names the services for a later start, which stops them if their launcher was killed. */
  services: join(cloneFolder(), 'services.json'),
  postgres: join(dataFolder(), 'postgres'),
  redis: join(dataFolder(), 'redis'),
};

/** @returns {string} the folder of the logs, created */
export function logFolder() {
  return createFolder(join(cloneFolder(), 'logs'));
}

/** @param {StackFile} stack */
export function writeStackFile(stack) {
  mkdirSync(cloneFolder(), { recursive: true });
  const draft = `${stateFiles.stack}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify(stack, null, 2)}\n`, { mode: 0o600 });
  renameSync(draft, stateFiles.stack);
}

/**
 * @param {number} pid of the launcher that must have written it; the file of a killed one does not count
 * @returns {StackFile | undefined}
 */
export function readStackFile(pid) {
  try {
    const stack = /** @type {StackFile} */ (JSON.parse(readFileSync(stateFiles.stack, 'utf8')));
    return stack.pid === pid ? stack : undefined;
  } catch {
    return undefined;
  }
}

export function removeStackFile() {
  rmSync(stateFiles.stack, { force: true });
}
