// @ts-check
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { descendantsOf, identityOf, isAlive } from './process-identity.mjs';
import { recordedProcesses, recordProcesses, stopRecorded } from './process-record.mjs';

/** @type {string} */
let folder;
/** @type {import('node:child_process').ChildProcess[]} */
const children = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'process-record-'));
});

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

describe('stopRecorded', () => {
  it('ends the recorded process and forgets it', async () => {
    const pid = await startNode('');
    recordProcesses(record(), [pid]);
    const identity = identityOf(pid);

    expect(await stopRecorded(record())).toBe(1);

    expect(isAlive(identity)).toBe(false);
    expect(existsSync(record())).toBe(false);
  });

  it('leaves a process alone that was given the number of the recorded one', async () => {
    const pid = await startNode('');
    const earlier = { pid, startedAt: `${identityOf(pid).startedAt}0` };
    writeFileSync(record(), JSON.stringify([earlier]));

    expect(await stopRecorded(record())).toBe(0);

    expect(isAlive(identityOf(pid))).toBe(true);
  });

  it('kills a process that does not obey, and what it started', async () => {
    const pid = await startNode(`
      process.on('SIGTERM', () => {});
      require('node:child_process').spawn(process.execPath, ['-e', 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1e6)']);
    `);
    recordProcesses(record(), [pid]);
    const family = [pid, ...descendantsOf(pid)].map((member) => identityOf(member));

    await stopRecorded(record(), { timeoutMs: 50 });

    expect(family).toHaveLength(2);
    expect(family.filter(isAlive)).toEqual([]);
  });

  it('ends a process that is stopped', async () => {
    const pid = await startNode('');
    recordProcesses(record(), [pid]);
    process.kill(pid, 'SIGSTOP');

    await stopRecorded(record());

    expect(identityOf(pid).startedAt).toBe('');
  });
});

describe('recordedProcesses', () => {
  it.each(['', 'not json', '{}', '[{"pid":-1,"startedAt":""}]'])('finds none in a damaged record: %s', (text) => {
    writeFileSync(record(), text);

    expect(recordedProcesses(record())).toEqual([]);
  });
});

function record() {
  return join(folder, 'process.json');
}

/**
 * Starts a process that runs until it is ended.
 *
 * @param {string} code run first
 */
async function startNode(code) {
  const child = spawn(process.execPath, ['-e', `${code}; setInterval(() => {}, 1e6); console.log('started')`]);
  children.push(child);
  await once(child.stdout, 'data');
  return Number(child.pid);
}
