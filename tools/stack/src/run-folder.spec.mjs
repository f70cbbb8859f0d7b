// @ts-check
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { startRedis } from './redis.mjs';
import { createRunFolder, livingRunFolders, removeDeadRunFolders, removeRunFolder } from './run-folder.mjs';

/** @type {string[]} */
const folders = [];

afterAll(async () => {
  for (const folder of folders) await removeRunFolder(folder);
});

describe('removeDeadRunFolders', () => {
  it('keeps the folder of a run that lives', async () => {
    const folder = create();

    await removeDeadRunFolders();

    expect(existsSync(folder)).toBe(true);
    expect(livingRunFolders()).toContain(folder);
  });

  it('removes the folder of a run that has ended, and stops what it left running', async () => {
    const folder = create();
    const store = await startRedis({
      dataDir: join(folder, 'redis'),
      persistence: 'none',
      log: join(folder, 'redis.log'),
    });
    endOwnerOf(folder);

    await removeDeadRunFolders();

    expect(existsSync(folder)).toBe(false);
    expect(await store.exited).toBe('exit code 0');
  });
});

function create() {
  const folder = createRunFolder();
  folders.push(folder);
  return folder;
}

/**
 * Makes the folder look like that of a process that started at another time, and so is no more.
 *
 * @param {string} folder
 */
function endOwnerOf(folder) {
  const record = join(folder, 'owner.json');
  writeFileSync(record, readFileSync(record, 'utf8').replace(/"startedAt":"/, '"startedAt":"earlier '));
}
