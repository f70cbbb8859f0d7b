import { randomFillSync } from 'node:crypto';
import { v7 as uuidv7 } from 'uuid';

/** Random bytes of one id, and ids for which they are drawn at a time: a draw costs ten times what the rest of an id does. */
const RANDOM_BYTES = 16;
const IDS_A_DRAW = 256;

const MAX_SEQUENCE = 2 ** 32 - 1;

const random = new Uint8Array(RANDOM_BYTES * IDS_A_DRAW);
let used = random.length;
let msecs = 0;
let seq = 0;

/** A new task_id, a UUIDv7: ids of one process rise, also within a millisecond and when the clock is set back. */
export function newTaskId(now = Date.now()): string {
  const bytes = nextRandom();
  if (now > msecs) {
    msecs = now;
    // Half of the range is left for the ids of the same millisecond.
    seq = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0) >>> 1;
  } else if (seq < MAX_SEQUENCE) {
    seq += 1;
  } else {
    msecs += 1;
    seq = 0;
  }
  return uuidv7({ random: bytes, msecs, seq });
}

function nextRandom(): Uint8Array {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  used += RANDOM_BYTES;
  return random.subarray(used - RANDOM_BYTES, used);
}
