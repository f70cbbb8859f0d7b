import { checkQueueName } from '@millrace/contracts';
import type { Dispatch, Queues } from '@millrace/queue';
import type { TaskRow } from '@millrace/store';
import { dispatchOf } from '@millrace/tasks';

/** `new`: only what the queue does not know to wait; `again`: also what its index claims to know. */
export type EnqueueMode = 'new' | 'again';

/** Puts pending rows on their queues. Returns how many were missing there, or with `again` how many were added. */
export async function dispatchRows(
  queues: Queues,
  rows: readonly TaskRow[],
  mode: EnqueueMode = 'new',
): Promise<number> {
  let added = 0;
  for (const [name, dispatches] of byQueue(rows)) {
    const queue = queues.of(name);
    added += mode === 'new' ? await queue.enqueue(dispatches) : await queue.enqueueAgain(dispatches);
  }
  return added;
}

function byQueue(rows: readonly TaskRow[]): Map<string, Dispatch[]> {
  const groups = new Map<string, Dispatch[]>();
  for (const row of rows) {
    if (checkQueueName('queue', row.queue).length > 0) continue;
    const group = groups.get(row.queue) ?? [];
    group.push(dispatchOf(row));
    groups.set(row.queue, group);
  }
  return groups;
}
