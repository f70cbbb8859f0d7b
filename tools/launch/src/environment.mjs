// @ts-check
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workspaceRoot } from '../../stack/src/index.mjs';
import { LaunchError } from './launch-error.mjs';

/** Adds what `.env` in the clone says to the environment; what is set there already wins. */
export function readDotEnv() {
  const file = join(workspaceRoot, '.env');
  if (existsSync(file)) process.loadEnvFile(file);
}

/**
 * A setting that may hold a secret: from the variable, or from the file that `<name>_FILE` names.
 *
 * @param {string} name
 * @returns {string | undefined} undefined when it is not set, or empty
 * @throws {LaunchError} when the file cannot be read
 */
export function secretSetting(name) {
  if (process.env[name]) return process.env[name];
  const file = process.env[`${name}_FILE`];
  if (!file) return undefined;
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw new LaunchError(`${name}_FILE names ${file}, which cannot be read: ${String(error)}`);
  }
}

/**
 * A port that was set explicitly.
 *
 * @param {string} name
 * @returns {number | undefined}
 * @throws {LaunchError} when it is not a port
 */
export function portSetting(name) {
  const text = process.env[name];
  if (!text) return undefined;
  const port = Number(text);
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return port;
  throw new LaunchError(`${name} is ${JSON.stringify(text)}, which is not a port: a whole number from 1 to 65535.`);
}
