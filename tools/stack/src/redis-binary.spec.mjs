// @ts-check
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { findRedis, RedisNotFoundError } from './redis-binary.mjs';

/** @type {string} */
let folder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redis-binary-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

describe('findRedis', () => {
  it('takes redis-server from the PATH', async () => {
    program('redis-server', 'Redis server v=7.0.15 sha=00000000:0');

    const found = await findRedis({ folder, path: `/nowhere:${folder}` });

    expect(found.command).toBe(join(folder, 'redis-server'));
  });

  it('takes valkey-server where redis-server is too old', async () => {
    program('redis-server', 'Redis server v=6.0.16 sha=00000000:0');
    program('valkey-server', 'Valkey server v=7.2.5 sha=00000000:0');

    const found = await findRedis({ folder, path: folder });

    expect(found.command).toBe(join(folder, 'valkey-server'));
  });

  it('names the command to run and the variable to set when there is none and no apt', async () => {
    program('redis-server', 'Redis server v=5.0.3 sha=00000000:0');
    vi.stubEnv('PATH', '/nowhere');

    const search = findRedis({ folder: join(folder, 'unpacked'), path: folder });

    await expect(search).rejects.toThrow(RedisNotFoundError);
    await expect(search).rejects.toThrow(/5\.0\.3.*apt-get install redis-server.*REDIS_URL/);
  });
});

/**
 * @param {string} name
 * @param {string} version what it says about itself
 */
function program(name, version) {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\necho '${version}'\n`);
  chmodSync(file, 0o755);
}
