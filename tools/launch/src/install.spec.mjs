// @ts-check
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isInstalled, markInstalled } from './install.mjs';

/** @type {string} */
let root;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'install-'));
  mkdirSync(join(root, 'node_modules'));
  writeAt('package-lock.json', 1_000);
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

describe('isInstalled', () => {
  it('does not take an installation that was broken off for one', () => {
    expect(isInstalled(root)).toBe(false);
  });

  it('finds packages that were installed before the lock file changed outdated', () => {
    writeAt('node_modules/.package-lock.json', 500);

    expect(isInstalled(root)).toBe(false);
  });

  it('takes packages that somebody installed by hand', () => {
    writeAt('node_modules/.package-lock.json', 2_000);

    expect(isInstalled(root)).toBe(true);
  });

  it('does not install again when git only touched the lock file', () => {
    writeAt('node_modules/.package-lock.json', 500);
    markInstalled(root);

    expect(isInstalled(root)).toBe(true);
  });

  it('installs again when the lock file says something else', () => {
    writeAt('node_modules/.package-lock.json', 500);
    markInstalled(root);
    writeFileSync(join(root, 'package-lock.json'), 'other');

    expect(isInstalled(root)).toBe(false);
  });
});

/**
 * @param {string} name
 * @param {number} epochSeconds
 */
function writeAt(name, epochSeconds) {
  writeFileSync(join(root, name), '{}');
  utimesSync(join(root, name), epochSeconds, epochSeconds);
}
