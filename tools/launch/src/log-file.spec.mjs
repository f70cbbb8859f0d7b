// @ts-check
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from './log-file.mjs';

/** @type {string} */
let folder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log-file-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('LogFile', () => {
  it('hands on whole lines, however they arrive', () => {
    const { log, lines } = open();

    log.write(Buffer.from('first\nsec'));
    log.write(Buffer.from('ond\nthird'));

    expect(lines).toEqual(['first', 'second']);
    expect(readFileSync(log.file, 'utf8')).toBe('first\nsecond\nthird');
  });

  it('keeps the log of the run before', () => {
    open().log.write(Buffer.from('before\n'));
    open().log.write(Buffer.from('now\n'));

    expect(readFileSync(join(folder, 'api.log.1'), 'utf8')).toBe('before\n');
    expect(readFileSync(join(folder, 'api.log'), 'utf8')).toBe('now\n');
  });

  it('stays within its bounds', () => {
    const { log } = open();
    const chunk = Buffer.alloc(6 * 1024 * 1024, 'x');
    chunk.write('\n', chunk.length - 1);

    for (let written = 0; written < 60 * 1024 * 1024; written += chunk.length) log.write(chunk);

    expect(statSync(log.file).size).toBeLessThanOrEqual(20 * 1024 * 1024);
    expect(statSync(`${log.file}.1`).size).toBeLessThanOrEqual(20 * 1024 * 1024);
    expect(existsSync(`${log.file}.2`)).toBe(false);
  });
});

function open() {
  /** @type {string[]} */
  const lines = [];
  return { lines, log: new LogFile(join(folder, 'api.log'), (line) => lines.push(line)) };
}
