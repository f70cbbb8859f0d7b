// @ts-check
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createFolder, dataFolder } from './paths.mjs';

/** @type {string} */
let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'paths-'));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('dataFolder', () => {
  it('is in the clone for an ordinary user', () => {
    expect(dataFolder(root, 1000)).toBe(join(root, '.millrace'));
  });

  it('is outside of the clone under root, and another for each clone', () => {
    const other = createFolder(join(root, 'other'));

    expect(dataFolder(root, 0)).toMatch(/^\/var\/lib\/millrace\/[0-9a-f]{16}$/);
    expect(dataFolder(other, 0)).not.toBe(dataFolder(root, 0));
  });
});

describe('createFolder', () => {
  it('lets others pass through the parents of a closed folder', () => {
    createFolder(join(root, 'a', 'b', 'closed'), 0o700);

    expect(modeOf(join(root, 'a'))).toBe(0o755);
    expect(modeOf(join(root, 'a', 'b'))).toBe(0o755);
    expect(modeOf(join(root, 'a', 'b', 'closed'))).toBe(0o700);
  });

  it('leaves folders as they are that exist', () => {
    createFolder(join(root, 'mine'), 0o700);

    createFolder(join(root, 'mine'));
    createFolder(join(root, 'mine', 'new'));

    expect(modeOf(join(root, 'mine'))).toBe(0o700);
  });
});

/** @param {string} path */
function modeOf(path) {
  return statSync(path).mode & 0o777;
}
