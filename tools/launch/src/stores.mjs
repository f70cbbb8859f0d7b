// @ts-check
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  createFolder,
  freePort,
  PortTakenError,
  startPostgres,
  startRedis,
  stopRecorded,
} from '../../stack/src/index.mjs';
import { secretSetting } from './environment.mjs';
import { progress } from './progress.mjs';
import { logFolder, stateFiles } from './state-files.mjs';

/** Apart from the usual 5432 and 6379, so that a server of the machine's own is in nobody's way. */
const POSTGRES_PORT = 15432;
const REDIS_PORT = 16379;
const PORT_ATTEMPTS = 5;

/** @typedef {import('../../stack/src/index.mjs').Store} Store */
/** @typedef {import('./platform-session.mjs').PlatformSession} PlatformSession */

/**
 * @typedef {object} Stores
 * @property {string} databaseUrl
 * @property {string} redisUrl
 */

/**
 * Stops what a killed launcher left running: services first, then stores.
 */
export async function stopLeftovers() {
  let count = await stopRecorded(stateFiles.services);
  count += await stopRecorded(join(stateFiles.postgres, 'process.json'), { signal: 'SIGINT' });
  count += await stopRecorded(join(stateFiles.redis, 'process.json'));
  if (count > 0) progress(`Stopped ${count} processes that a killed start had left`);
}

/**
 * Starts PostgreSQL and Redis, except those that DATABASE_URL and REDIS_URL name.
 *
 * @param {PlatformSession} session is told of each that was started
 * @returns {Promise<Stores>}
 */
export async function startStores(session) {
  const [database, redis] = await Promise.allSettled([
    secretSetting('DATABASE_URL') ?? ownPostgres(session),
    secretSetting('REDIS_URL') ?? ownRedis(session),
  ]);
  // Both are waited for, so that neither is left half started when the other fails.
  return { databaseUrl: valueOf(database), redisUrl: valueOf(redis) };
}

/** @param {PlatformSession} session */
async function ownPostgres(session) {
  const log = join(logFolder(), 'postgres.log');
  const dataDir = stateFiles.postgres;
  const store = await onNextFreePort(POSTGRES_PORT, (port) =>
    startPostgres({ dataDir, port, durability: 'durable', log }),
  );
  session.addStore('PostgreSQL', store, log);
  progress(`PostgreSQL is ready on port ${store.port}`);
  return store.url;
}

/** @param {PlatformSession} session */
async function ownRedis(session) {
  const log = join(logFolder(), 'redis.log');
  const dataDir = stateFiles.redis;
  const password = keptPassword(join(createFolder(dataDir, 0o700), 'password'));
  const store = await onNextFreePort(REDIS_PORT, (port) =>
    startRedis({ dataDir, port, persistence: 'appendonly', log, password, progress }),
  );
  session.addStore('Redis', store, log);
  progress(`Redis is ready on port ${store.port}`);
  return store.url;
}

/**
 * Between the choice of a port and the start of the server another program may take it.
 *
 * @param {number} preferred
 * @param {(port: number) => Promise<Store>} start
 */
async function onNextFreePort(preferred, start) {
  for (let attempt = 1; ; attempt++) {
    try {
      return await start(await freePort(preferred));
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === PORT_ATTEMPTS) throw error;
    }
  }
}

/**
 * The same from start to start, so that an address that was noted stays good.
 *
 * @param {string} file
 */
function keptPassword(file) {
  if (!existsSync(file)) writeFileSync(file, randomBytes(18).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8').trim();
}

/** @param {PromiseSettledResult<string>} result */
function valueOf(result) {
  if (result.status === 'rejected') throw result.reason;
  return result.value;
}
