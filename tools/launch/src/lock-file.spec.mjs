// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { identityOf } from '../../stack/src/index.mjs';
import { lockHolder, tryLock, unlock } from './lock-file.mjs';

/** @type {string} */
let folder;
/** @type {string} */
let file;
/** @type {import('node:child_process').ChildProcess[]} */
const children = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lock-file-'));
  file = join(folder, 'start.lock');
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('tryLock', () => {
  it('tells who holds it, until that lets go', () => {
    expect(tryLock(file, 'npm start')).toBeUndefined();
    expect(tryLock(file, 'npm run stack')).toMatchObject({ pid: process.pid, command: 'npm start' });

    unlock(file);

    expect(tryLock(file, 'npm run stack')).toBeUndefined();
  });

  it('takes the lock of a process that is no more', () => {
    writeDeadLock();

    expect(tryLock(file, 'npm start')).toBeUndefined();
    expect(lockHolder(file)?.pid).toBe(process.pid);
  });

  it('is not kept out for good by a process that was killed while it broke a lock', () => {
    writeDeadLock();
    mkdirSync(`${file}.breaking`);
    utimesSync(`${file}.breaking`, new Date(0), new Date(0));

    expect(tryLock(file, 'npm start')).toBeUndefined();
  });

  it('gives a dead lock to one of many that come at once', async () => {
    writeDeadLock();

    const answers = await Promise.all(Array.from({ length: 8 }, () => tryLockElsewhere()));

    expect(answers.filter((answer) => answer === 'mine')).toHaveLength(1);
    expect(new Set(answers)).toEqual(new Set(['mine', 'held']));
  });
});

describe('unlock', () => {
  it('leaves the lock of another process alone', async () => {
    await tryLockElsewhere();

    unlock(file);

    expect(existsSync(file)).toBe(true);
  });
});

function writeDeadLock() {
  writeFileSync(file, JSON.stringify({ ...identityOf(), startedAt: 'earlier', command: 'npm start' }));
}

/**
 * Tries in another process, which then lives on.
 *
 * @returns {Promise<string>} `mine` or `held`
 */
async function tryLockElsewhere() {
  const code = `
    const { tryLock } = await import(process.argv[1]);
    console.log(tryLock(process.argv[2], 'npm start') ? 'held' : 'mine');
    setInterval(() => {}, 1e6);
  `;
  const module = fileURLToPath(new URL('./lock-file.mjs', import.meta.url));
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, module, file]);
  children.push(child);
  const [chunk] = await once(child.stdout, 'data');
  return String(chunk).trim();
}
