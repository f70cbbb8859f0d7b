// @ts-check
import { appendFileSync, renameSync, statSync, writeFileSync } from 'node:fs';

/** Then the log moves aside, and the one moved aside before is forgotten. */
const MAX_BYTES = 20 * 1024 * 1024;
/** A line longer than this is cut when it is looked at; the file has it whole. */
const MAX_LINE_LENGTH = 64 * 1024;

/** Keeps the output of one service in a bounded file and hands on its lines. */
export class LogFile {
  #sizeBytes = 0;
  #partial = '';
  #onLine;

  /**
   * Starts an empty file; that of the run before is kept as `<file>.1`.
   *
   * @param {string} file
   * @param {(line: string) => void} onLine
   */
  constructor(file, onLine) {
    this.file = file;
    this.#onLine = onLine;
    this.#rotate();
  }

  /** @param {Buffer} chunk */
  write(chunk) {
    if (this.#sizeBytes + chunk.length > MAX_BYTES) this.#rotate();
    appendFileSync(this.file, chunk);
    this.#sizeBytes += chunk.length;
    const lines = (this.#partial + chunk.toString()).split('\n');
    this.#partial = (lines.pop() ?? '').slice(0, MAX_LINE_LENGTH);
    for (const line of lines) this.#onLine(line);
  }

  #rotate() {
    if (statSync(this.file, { throwIfNoEntry: false })) renameSync(this.file, `${this.file}.1`);
    writeFileSync(this.file, '', { mode: 0o600 });
    this.#sizeBytes = 0;
  }
}
