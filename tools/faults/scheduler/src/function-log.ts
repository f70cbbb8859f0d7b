import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** One line of the log: a function began, or came to an end. */
export type FunctionLine = {
  readonly schedule: string;
  /** Epoch milliseconds. */
  readonly slot_at: number;
  /** New with each run; stands in its result as well. */
  readonly run: string;
} & (
  | { readonly kind: 'begin' }
  /** How the function left: with a result, with an error, or because its signal aborted. */
  | { readonly kind: 'end'; readonly how: 'returned' | 'threw' | 'aborted' }
);

/** What functions really did, in a file of this process alone; `kill -9` takes no line back. */
export class FunctionLog {
  private readonly file: number;

  constructor(folder: string) {
    this.file = openSync(join(folder, `functions-${process.pid}.jsonl`), 'a');
  }

  write(line: FunctionLine): void {
    writeSync(this.file, `${JSON.stringify({ ...line, pid: process.pid, mono: monotonicMs(), wall: Date.now() })}\n`);
  }
}

/** One clock for all processes of this machine, which no change of the time of day moves. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
