import type { QueueTask } from '@millrace/contracts';
import { readHead } from './entry-head';
import type { Claim } from './queue-entries';
import { readEntryOf } from './queue-task-codec';

/** What a text is that stood in a list: an entry about this task, or what is wrong with it. */
export type TakenReading =
  Pick<Claim, 'attempt' | 'priority' | 'type' | 'crashCount' | 'raw'> | { readonly fault: string };

/** The id of an entry whose head a claim has read: the text between the quotes, which the script takes for the id as well. */
export function leadingId(json: string): string {
  const from = '{"id":"'.length;
  return json.slice(from, json.indexOf('"', from));
}

/** Reads an entry that was taken: its head when Millrace wrote it, else the whole, checked. */
export function readTaken(taskId: string, json: string, maxPayloadBytes?: number): TakenReading {
  const head = readHead(json);
  if (head?.id === taskId) {
    const { attempt, priority, crashCount, type } = head;
    return { attempt, priority, crashCount, type, raw: null };
  }
  const read = readEntryOf(taskId, json, maxPayloadBytes);
  return 'entry' in read ? wholeOf(read.entry) : read;
}

/**
 * What is wrong with the part of a claimed entry that nobody has looked at; null when all is well. For one that turned out to have
 * no row.
 */
export function faultOf({ taskId, json, raw }: Claim): string | null {
  const read = raw ? null : readEntryOf(taskId, json);
  return read && 'fault' in read ? read.fault : null;
}

function wholeOf(entry: QueueTask): Exclude<TakenReading, { fault: string }> {
  const { attempt = null, priority = 0, crash_count: crashCount = 0, name: type } = entry;
  return { attempt, priority, crashCount, type, raw: attempt === null ? entry : null };
}
