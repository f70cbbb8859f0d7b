// @ts-check
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PortTakenError } from './ports.mjs';
import { startPostgres } from './postgres.mjs';
import { createRunFolder, removeRunFolder } from './run-folder.mjs';

const folder = createRunFolder();
const dataDir = join(folder, 'postgres');
/** @type {import('./index.mjs').Store} */
let store;

beforeAll(async () => {
  store = await start();
});

afterAll(() => removeRunFolder(folder));

describe('startPostgres', () => {
  it('keeps committed rows over a kill -9 of all its processes', async () => {
    await query('CREATE TABLE kept AS SELECT 1 AS value');

    await store.kill('SIGKILL');
    await store.restart();

    expect(await query('SELECT value FROM kept')).toEqual([{ value: 1 }]);
  });

  it('asks everyone for the password, which only its owner can read', async () => {
    await expect(query('SELECT 1', store.url.replace(/:[^:@]+@/, ':wrong@'))).rejects.toThrow(/password/);
    expect(statSync(join(dataDir, 'password')).mode & 0o777).toBe(0o600);
  });

  it('freezes whole and goes on where it was', async () => {
    await store.kill('SIGSTOP');
    const answer = query('SELECT 2 AS value');
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 100, 'frozen'))]);
    await store.kill('SIGCONT');

    expect(early).toBe('frozen');
    expect(await answer).toEqual([{ value: 2 }]);
  });

  it('refuses a port that is taken', async () => {
    const other = startPostgres({
      dataDir: join(folder, 'other'),
      port: store.port,
      durability: 'volatile',
      log: join(folder, 'other.log'),
    });

    await expect(other).rejects.toThrow(PortTakenError);
  });

  it('replaces a server that a killed start left on its folder, with the data', async () => {
    await query('CREATE TABLE inherited AS SELECT 3 AS value');
    const left = store;

    store = await start();

    expect(await left.exited).toBe('exit code 0');
    expect(await query('SELECT value FROM inherited')).toEqual([{ value: 3 }]);
  });

  it('leaves the data of another major version alone', async () => {
    await store.stop();
    const versionFile = join(dataDir, 'cluster', 'PG_VERSION');
    const version = readFileSync(versionFile, 'utf8');
    writeFileSync(versionFile, '9\n');

    await expect(start()).rejects.toThrow(/belongs to PostgreSQL 9.*Nothing was changed/);

    expect(readFileSync(versionFile, 'utf8')).toBe('9\n');
    writeFileSync(versionFile, version);
  });
});

function start() {
  return startPostgres({ dataDir, durability: 'volatile', log: join(folder, 'postgres.log') });
}

/**
 * @param {string} sql
 * @param {string} [connectionString]
 * @returns {Promise<Record<string, unknown>[]>}
 */
async function query(sql, connectionString = store.url) {
  const client = new pg.Client({ connectionString });
  // A server that is killed ends the connections of earlier queries too; those are done.
  client.on('error', () => {});
  await client.connect();
  try {
    const { rows } = await client.query(sql);
    return rows;
  } finally {
    await client.end();
  }
}
