import type { QueueTask } from '@millrace/contracts';

/** A recorded task to dispatch. `entry.attempt` is the row's attempt; enqueueing is idempotent by (id, attempt). */
export interface Dispatch {
  readonly entry: QueueTask & { readonly attempt: number };
  /** When it is due, epoch ms. Absent or past: at once. */
  readonly dueAtMs?: number;
  /** The entry by `encodeQueueTask`, where it has been written already. */
  readonly json?: string;
}

/** A pending task as the record has it, to be looked for in its queue. */
export interface WaitingTask {
  readonly taskId: string;
  readonly attempt: number;
  /** As in `Dispatch`. */
  readonly dueAtMs?: number;
}

/** `trusted`: the index tells what waits. `doubted`: nothing is ready, so that only what it calls delayed may wait. */
export type IndexTrust = 'trusted' | 'doubted';

/** Who holds a claimed task: the token is unique to one claim, so a later claim of the same task differs. */
export interface Hold {
  readonly taskId: string;
  readonly token: string;
}

/** A hold of an entry that nothing can be made of. */
export interface BadHold extends Hold {
  /** For a person: what is wrong with the entry. */
  readonly reason: string;
  /** The entry; absent where only its hold has it. */
  readonly json?: string;
}

/** One entry taken out of its list. */
export interface TakenEntry extends Hold {
  readonly queue: string;
  /** Null in an entry that Millrace did not write. */
  readonly attempt: number | null;
  readonly priority: number;
  /** The entry exactly as it stood in the list, to put back unchanged; of a hold, what it keeps of the entry. */
  readonly json: string;
}

/** One entry taken under a lease. */
export interface Claim extends TakenEntry {
  /** What the entry calls the task's type; the row's word is final. */
  readonly type: string;
  /** As the row had it when the entry was written. */
  readonly crashCount: number;
  /** The whole entry, if Millrace did not write it: it may have no row yet. Else null, for the row says all. */
  readonly raw: QueueTask | null;
}

/** A taken entry to give back; `as` is what takes the place of one that Millrace did not write, once the task has a row. */
export interface Returned extends TakenEntry {
  readonly as?: Dispatch['entry'];
}

/** A hold whose lease ran out (or that never had one), as the rescuer sees it. */
export interface ExpiredHold extends TakenEntry {
  readonly workerId: string;
  /** Epoch ms by Redis time; null when the hold has no lease. */
  readonly expiresAtMs: number | null;
}

/** A hold that `renew` could not extend: nobody holds the task any more, or another claim does. */
export interface LostHold {
  readonly taskId: string;
  readonly reason: 'missing' | 'other';
}

/** A submit without a row, waiting to be recorded. */
export interface UnrecordedEntry {
  readonly taskId: string;
  readonly entry: QueueTask;
  readonly json: string;
  /** Epoch ms; null when it was due at once. */
  readonly dueAtMs: number | null;
}

/** Counts of one queue. `ready` is of all priorities. */
export interface QueueDepth {
  readonly ready: number;
  readonly delayed: number;
  readonly processing: number;
  readonly bad: number;
  readonly unrecorded: number;
  /** Entries that the index counts: those that Millrace wrote and no worker has claimed. */
  readonly indexed: number;
}
