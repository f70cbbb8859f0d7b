import { chunksOf, groupsOf } from './chunks';
import type { RedisConnections } from './connections';
import type { UnrecordedEntry } from './queue-entries';
import { readEntryOf } from './queue-task-codec';

/** Notes that one step of the search looks at, how many steps one search takes at most, and after how many bytes it ends. */
const SCAN_COUNT = 50;
const SCAN_STEPS = 200;
const READ_BYTES = 8 * 1024 * 1024;

/** The notes that `QueueClient` leaves with each submit, by which a duty records it. */
export class UnrecordedNotes {
  constructor(
    private readonly connections: RedisConnections,
    /** HASH task_id -> `dueAtMs json`. */
    private readonly key: string,
    private readonly maxPayloadBytes: number,
  ) {}

  /** Up to `limit` notes, in no order. Those that nobody can read are dropped: their entries go to `P:bad` by themselves. */
  async read(limit: number): Promise<UnrecordedEntry[]> {
    const found = new Map<string, UnrecordedEntry>();
    const unreadable: string[] = [];
    let cursor = '0';
    let bytes = 0;
    for (let steps = 0; steps < SCAN_STEPS && found.size < limit && bytes < READ_BYTES; steps += 1) {
      const [next, fields] = await this.connections.run((redis) =>
        redis.hscan(this.key, cursor, 'COUNT', Math.min(limit, SCAN_COUNT)),
      );
      for (const [taskId, note] of groupsOf(fields, 2)) {
        bytes += note.length;
        const json = note.slice(note.indexOf(' ') + 1);
        const dueAtMs = Number.parseInt(note, 10);
        const read = readEntryOf(taskId, json, this.maxPayloadBytes);
        if ('entry' in read)
          found.set(taskId, { taskId, entry: read.entry, json, dueAtMs: dueAtMs > 0 ? dueAtMs : null });
        else unreadable.push(taskId);
      }
      cursor = next;
      if (cursor === '0') break;
    }
    await this.drop(unreadable);
    return [...found.values()].slice(0, limit);
  }

  async drop(taskIds: readonly string[]): Promise<void> {
    for (const chunk of chunksOf(taskIds)) await this.connections.run((redis) => redis.hdel(this.key, ...chunk));
  }
}
