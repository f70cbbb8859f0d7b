import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Program } from '@millrace/runtime';

/** One line of the log: a handler began, or came to an end by itself. */
export type Effect =
  | { readonly kind: 'start'; readonly taskId: string; readonly attempt: number; readonly crashes?: true }
  | {
      readonly kind: 'end';
      readonly taskId: string;
      readonly attempt: number;
      /** How the handler left: with a result, with an error, or because its signal aborted. */
      readonly how: 'returned' | 'threw' | 'aborted';
      /** Stands in the result as well, so that a result tells which start made it. */
      readonly nonce: string;
    };

/**
 * What handlers really did, in a file of this process alone. Appended and written at once: neither a fault of a store nor
 * `kill -9` takes a line back.
 */
@Injectable()
export class EffectLog implements OnApplicationShutdown {
  private readonly file: number;
  private readonly place: { readonly isolated?: true };

  constructor(program: Program) {
    this.place = program.role === 'cell' ? { isolated: true } : {};
    const folder = process.env['EFFECTS_FOLDER'];
    if (!folder) throw new Error('EFFECTS_FOLDER must name the folder of the effect logs');
    this.file = openSync(join(folder, `effects-${process.pid}.jsonl`), 'a');
  }

  write(effect: Effect): void {
    const { taskId, ...rest } = effect;
    const line = { task_id: taskId, ...rest, ...this.place, pid: process.pid, mono: monotonicMs(), wall: Date.now() };
    writeSync(this.file, `${JSON.stringify(line)}\n`);
  }

  onApplicationShutdown(): void {
    closeSync(this.file);
  }
}

/** One clock for all processes of this machine, which no change of the time of day moves. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000n) / 1_000;
}
