import type { Hold } from './queue-entries';

/** One task held in one queue. */
export interface QueueHold extends Hold {
  readonly queue: string;
}

/**
 * Room of each half: for 19,000 holds of the longest names, and for what a worker claims between two calls of `replace` at
 * 100,000 tasks a second. What is never written to takes no memory.
 */
const HALF_BYTES = 4 * 1024 * 1024;

const TURN = 0;
const LENGTHS = 1;
const HEADER_FIELDS = 3;
const HEADER_BYTES = HEADER_FIELDS * Int32Array.BYTES_PER_ELEMENT;

/** The reader has no reason to meet two turns of the writer, which come half a second apart. */
const READ_TRIES = 3;

/**
 * What a worker holds, in memory that its main loop writes and the renewal thread reads when it has to renew, which it hardly ever
 * has: a message for each claim would wake the thread each time, a fifth of what a worker spends on short tasks.
 *
 * It is text, `queue taskId token` a line, all of ASCII. New holds are added to the half that counts; everything anew is
 * written to the other half before that one counts, so the reader never sees half a text.
 */
export class RenewalHolds {
  private readonly header: Int32Array;
  private readonly halves: readonly [Buffer, Buffer];

  /** @param memory That of another one, to read what it writes. */
  constructor(readonly memory = new SharedArrayBuffer(HEADER_BYTES + 2 * HALF_BYTES)) {
    const halfBytes = (memory.byteLength - HEADER_BYTES) / 2;
    this.header = new Int32Array(memory, 0, HEADER_FIELDS);
    this.halves = [
      Buffer.from(memory, HEADER_BYTES, halfBytes),
      Buffer.from(memory, HEADER_BYTES + halfBytes, halfBytes),
    ];
  }

  /** Adds holds to those that are there; false, and none of them is added, when there is no room. */
  add(holds: readonly QueueHold[]): boolean {
    const half = this.turn % 2;
    const text = linesOf(holds);
    const length = this.lengthOf(half);
    const buffer = this.halfOf(half);
    if (length + text.length > buffer.length) return false;
    buffer.write(text, length, 'latin1');
    this.setLength(half, length + text.length);
    return true;
  }

  /** These are all there are now. What has no room is left out: the main loop renews it, but the thread does not. */
  replace(holds: readonly QueueHold[]): void {
    const turn = this.turn + 1;
    const half = turn % 2;
    const buffer = this.halfOf(half);
    const text = linesOf(holds);
    const fits = text.length <= buffer.length ? text.length : text.lastIndexOf('\n', buffer.length - 1) + 1;
    buffer.write(text, 0, fits, 'latin1');
    this.setLength(half, fits);
    Atomics.store(this.header, TURN, turn);
  }

  read(): QueueHold[] {
    let text = '';
    for (let tries = 0; tries < READ_TRIES; tries += 1) {
      const { turn } = this;
      text = this.halfOf(turn % 2).toString('latin1', 0, this.lengthOf(turn % 2));
      if (turn === this.turn) break;
    }
    return text
      .split('\n')
      .slice(0, -1)
      .map((line) => {
        const [queue = '', taskId = '', token = ''] = line.split(' ');
        return { queue, taskId, token };
      });
  }

  private get turn(): number {
    return Atomics.load(this.header, TURN);
  }

  private halfOf(half: number): Buffer {
    return half === 0 ? this.halves[0] : this.halves[1];
  }

  private lengthOf(half: number): number {
    return Atomics.load(this.header, LENGTHS + half);
  }

  private setLength(half: number, length: number): void {
    Atomics.store(this.header, LENGTHS + half, length);
  }
}

/** None of the parts can hold a space or the end of a line. */
function linesOf(holds: readonly QueueHold[]): string {
  let text = '';
  for (const { queue, taskId, token } of holds) text += `${queue} ${taskId} ${token}\n`;
  return text;
}
