import { checkQueueName } from '@millrace/contracts';
import type { IndexTrust, Queues } from '@millrace/queue';
import type { MissingCandidate, TaskQueries } from '@millrace/store';
import { dueOf } from '@millrace/tasks';
import { dispatchRows } from './dispatch-rows';

/** Payloads read at once, as stored: compressed ones are up to some 90 times as large when read. */
const PIECE_STORED_BYTES = 256 * 1024;

/** Rows read at once. */
const PIECE_ROWS = 1_000;

/** The stores that a repair compares. */
export interface ComparedStores {
  readonly queries: TaskQueries;
  readonly queues: Queues;
}

/**
 * Queues those of these waiting tasks that their queues do not have. Redis is asked by id, and only rows that are
 * missing there are read, in pieces of bounded size. Returns how many were queued.
 */
export async function dispatchMissing(
  stores: ComparedStores,
  candidates: readonly MissingCandidate[],
  trustOf: (candidate: MissingCandidate) => IndexTrust = () => 'trusted',
): Promise<number> {
  let queued = 0;
  for (const [key, group] of grouped(candidates, trustOf)) {
    const missing = await missingOf(stores.queues, key.queue, key.trust, group);
    const mode = key.trust === 'trusted' ? 'new' : 'again';
    for (const piece of pieces(missing)) {
      const rows = await stores.queries.pendingByIds(piece.map(({ id }) => id));
      queued += await dispatchRows(stores.queues, rows, mode);
    }
  }
  return queued;
}

async function missingOf(queues: Queues, queue: string, trust: IndexTrust, group: readonly MissingCandidate[]) {
  const waiting = group.map((candidate) => ({
    taskId: candidate.taskId,
    attempt: candidate.attempt,
    ...dueOf(candidate),
  }));
  const missing = new Set(await queues.of(queue).repair.missing(waiting, trust));
  return group.filter(({ taskId }) => missing.has(taskId));
}

interface GroupKey {
  readonly queue: string;
  readonly trust: IndexTrust;
}

function grouped(candidates: readonly MissingCandidate[], trustOf: (candidate: MissingCandidate) => IndexTrust) {
  const groups = new Map<string, [GroupKey, MissingCandidate[]]>();
  for (const candidate of candidates) {
    // A row that was inserted by hand may name what no queue can be called.
    if (checkQueueName('queue', candidate.queue).length > 0) continue;
    const key = { queue: candidate.queue, trust: trustOf(candidate) };
    const name = `${key.trust} ${key.queue}`;
    const group = groups.get(name);
    if (group) group[1].push(candidate);
    else groups.set(name, [key, [candidate]]);
  }
  return groups.values();
}

/** Cuts candidates so that one piece fits into memory; a larger payload is a piece of its own. */
function* pieces(candidates: readonly MissingCandidate[]): Generator<MissingCandidate[]> {
  let piece: MissingCandidate[] = [];
  let bytes = 0;
  for (const candidate of candidates) {
    if (piece.length > 0 && (piece.length >= PIECE_ROWS || bytes + candidate.storedBytes > PIECE_STORED_BYTES)) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(candidate);
    bytes += candidate.storedBytes;
  }
  if (piece.length > 0) yield piece;
}
