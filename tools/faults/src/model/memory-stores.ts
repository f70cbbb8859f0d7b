import { MemoryQueue } from './memory-queue';
import { MemoryRecord } from './memory-record';
import type { Stores } from './stores';

/** Far from the moments that mean "due", and from each other. */
const START_MS = 1_000_000_000_000;

/** Both stores in memory, as the protocol describes them; every call is a moment of its own. */
export function memoryStores(queueName: string): Stores {
  let nowMs = START_MS;
  const now = () => (nowMs += 1);
  const queue = new MemoryQueue(queueName, now);
  const record = new MemoryRecord(now);
  return {
    queue,
    record,
    rows: async () => record.rows(),
    elapse: async () => {
      queue.elapse();
      record.elapse();
    },
    endLeases: async (workerIds) => queue.endLeases(workerIds),
    lose: async (parts) => queue.lose(parts),
    copy: async (json) => queue.copy(json),
    look: async () => ({ rows: record.look(), ...queue.look() }),
  };
}
