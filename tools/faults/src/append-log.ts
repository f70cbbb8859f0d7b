import { closeSync, openSync, writeSync } from 'node:fs';

/** JSON lines in one file, each written at once: whatever happens later takes none of them back. */
export class AppendLog {
  private readonly file: number;

  constructor(path: string) {
    this.file = openSync(path, 'a');
  }

  /** Adds when it happened: `mono` by the machine's monotonic clock, `wall` by the time of day, both in ms. */
  write(record: object): void {
    writeSync(this.file, `${JSON.stringify({ ...record, mono: monotonicMs(), wall: Date.now() })}\n`);
  }

  close(): void {
    closeSync(this.file);
  }
}

/** Milliseconds on the clock that all processes of this machine share and no change of the time of day moves. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
