// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @typedef {object} TestTotals
 * @property {number} passed
 * @property {number} failed tests, and files that could not be read at all
 * @property {number} failedReports runs with a failure
 * @property {string[]} failures what failed, with the file
 */

/**
 * Adds up the JSON reports of vitest runs.
 *
 * @param {string} folder with one report a run
 * @returns {TestTotals}
 */
export function sumReports(folder) {
  const totals = { passed: 0, failed: 0, failedReports: 0, failures: /** @type {string[]} */ ([]) };
  if (!existsSync(folder)) return totals;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const report = JSON.parse(readFileSync(join(folder, name), 'utf8'));
    const failures = failuresOf(report);
    totals.passed += report.numPassedTests;
    totals.failed += report.success ? 0 : Math.max(1, failures.length);
    totals.failedReports += report.success ? 0 : 1;
    totals.failures.push(...failures);
  }
  return totals;
}

/**
 * @param {{testResults: {name: string, status: string, message: string, assertionResults: {fullName: string, status: string}[]}[]}} report
 * @returns {string[]}
 */
function failuresOf(report) {
  return report.testResults.flatMap((file) => {
    const tests = file.assertionResults.filter((test) => test.status === 'failed');
    if (tests.length > 0) return tests.map((test) => `${file.name}: ${test.fullName}`);
    return file.status === 'failed' ? [`${file.name}: ${file.message.split('\n')[0]}`] : [];
  });
}
