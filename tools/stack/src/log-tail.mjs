// @ts-check
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';

/** No message needs more of a log than this. */
const TAIL_BYTES = 16 * 1024;

/**
 * The last lines of a log, for a message about a process that did not start or ended by itself.
 *
 * @param {string} file
 * @param {object} [options]
 * @param {number} [options.count] how many lines, default 15
 * @param {number} [options.fromByte] where to begin reading at the earliest, default 0
 * @returns {string} '' when there is no such file
 */
export function lastLines(file, { count = 15, fromByte = 0 } = {}) {
  try {
    const log = openSync(file, 'r');
    try {
      const sizeBytes = fstatSync(log).size;
      const start = Math.max(fromByte, sizeBytes - TAIL_BYTES);
      const buffer = Buffer.alloc(Math.max(0, sizeBytes - start));
      readSync(log, buffer, 0, buffer.length, start);
      return buffer.toString('utf8').trimEnd().split('\n').slice(-count).join('\n');
    } finally {
      closeSync(log);
    }
  } catch {
    return '';
  }
}
