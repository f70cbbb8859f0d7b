// @ts-check
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sumReports } from './vitest-reports.mjs';

/** @type {string} */
let folder;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'vitest-reports-'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('sumReports', () => {
  it('adds up runs', () => {
    write('a.json', { numPassedTests: 3, success: true, testResults: [] });
    write('b.json', {
      numPassedTests: 1,
      success: false,
      testResults: [
        {
          name: '/b.spec.ts',
          status: 'failed',
          message: '',
          assertionResults: [
            { fullName: 'rule holds', status: 'passed' },
            { fullName: 'rule breaks', status: 'failed' },
          ],
        },
      ],
    });

    const { passed, failed, failures } = sumReports(folder);

    expect({ passed, failed, failures }).toEqual({ passed: 4, failed: 1, failures: ['/b.spec.ts: rule breaks'] });
  });

  it('counts a file that could not be read as failed', () => {
    const file = { name: '/c.spec.ts', status: 'failed', message: 'no such module\nstack', assertionResults: [] };
    write('c.json', { numPassedTests: 0, success: false, testResults: [file] });

    expect(sumReports(folder)).toMatchObject({ failed: 1, failures: ['/c.spec.ts: no such module'] });
  });

  it('counts a run that failed without a reason', () => {
    write('d.json', { numPassedTests: 2, success: false, testResults: [] });

    expect(sumReports(folder)).toMatchObject({ passed: 2, failed: 1 });
  });
});

/**
 * @param {string} name
 * @param {object} report
 */
function write(name, report) {
  writeFileSync(join(folder, name), JSON.stringify(report));
}
