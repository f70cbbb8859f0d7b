// @ts-check
import { Redis } from 'ioredis';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { PortTakenError } from './ports.mjs';
import { startRedis } from './redis.mjs';
import { createRunFolder, removeRunFolder } from './run-folder.mjs';

const folder = createRunFolder();
/** @type {Redis[]} */
const clients = [];

afterEach(() => {
  for (const client of clients.splice(0)) client.disconnect();
});

afterAll(() => removeRunFolder(folder));

describe('startRedis', () => {
  it('keeps what was answered over a kill -9 when it appends', async () => {
    const store = await start('appending', { persistence: 'appendonly' });
    await connect(store.url).set('key', 'kept');

    await store.kill('SIGKILL');
    await store.restart();

    expect(await connect(store.url).get('key')).toBe('kept');
  });

  it('forgets at a restart when it does not append', async () => {
    const store = await start('forgetful');
    await connect(store.url).set('key', 'value');

    await store.restart();

    expect(await connect(store.url).get('key')).toBeNull();
  });

  it('refuses clients without the password', async () => {
    const store = await start('guarded', { password: 'open-sesame' });

    expect(await connect(store.url).ping()).toBe('PONG');
    await expect(connect(store.url.replace(':open-sesame@', '')).ping()).rejects.toThrow(/NOAUTH/);
  });

  it('never evicts, and takes settings of the caller', async () => {
    const store = await start('bounded', { extraArgs: ['--maxmemory', '16mb'] });

    const [policy, limit] = await Promise.all([
      connect(store.url).config('GET', 'maxmemory-policy'),
      connect(store.url).config('GET', 'maxmemory'),
    ]);

    expect(policy).toEqual(['maxmemory-policy', 'noeviction']);
    expect(limit).toEqual(['maxmemory', String(16 * 1024 * 1024)]);
  });

  it('does not take another server on its port for its own', async () => {
    const other = await start('first');

    await expect(start('second', { port: other.port })).rejects.toThrow(PortTakenError);
  });

  it('replaces a server that a killed start left on its folder', async () => {
    const left = await start('inherited');

    const store = await start('inherited', { port: left.port });

    expect(await left.exited).toBe('exit code 0');
    expect(await connect(store.url).ping()).toBe('PONG');
  });
});

/**
 * @param {string} name
 * @param {Partial<import('./index.mjs').RedisOptions>} [options]
 */
function start(name, options = {}) {
  const log = join(folder, `${name}.log`);
  return startRedis({ dataDir: join(folder, name), persistence: 'none', log, ...options });
}

/** @param {string} url */
function connect(url) {
  const client = new Redis(url, { protocol: 2, maxRetriesPerRequest: 2 });
  // The server is killed on purpose; what a command meets is what its caller asserts.
  client.on('error', () => {});
  clients.push(client);
  return client;
}
