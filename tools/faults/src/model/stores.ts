import type { TaskQueue } from '@millrace/queue';
import type { TaskRepository, TaskRow } from '@millrace/store';

/** What the protocol does in Redis, under the product's own names. */
export type QueueStore = Pick<
  TaskQueue,
  'enqueue' | 'enqueueAgain' | 'claim' | 'renew' | 'reassert' | 'ack' | 'putBack' | 'promote'
> & { readonly repair: Pick<TaskQueue['repair'], 'expired'> };

/** What the protocol does in PostgreSQL, under the product's own names. */
export type RecordStore = Pick<
  TaskRepository,
  | 'insertMany'
  | 'startMany'
  | 'recordOutcomes'
  | 'rescueIfProcessing'
  | 'cancelIfPending'
  | 'requestCancelIfProcessing'
  | 'retryIfFinal'
>;

/** A part of what a queue keeps, which may get lost by itself. */
export const QUEUE_PARTS = ['ready', 'delayed', 'idx', 'processing', 'leases'] as const;
export type QueuePart = (typeof QUEUE_PARTS)[number];

/** Both stores, and what time and accidents do to them. */
export interface Stores {
  readonly queue: QueueStore;
  readonly record: RecordStore;
  rows(): Promise<TaskRow[]>;
  /** Everything delayed falls due. */
  elapse(): Promise<void>;
  /** The leases of these workers run out. */
  endLeases(workerIds: readonly string[]): Promise<void>;
  lose(parts: readonly QueuePart[]): Promise<void>;
  /** A copy of an entry appears in the ready list. */
  copy(json: string): Promise<void>;
  /** What can be seen from outside, without what differs from run to run. */
  look(): Promise<View>;
}

/** Everything the protocol is about. */
export interface View {
  readonly rows: readonly RowView[];
  /** As they will be taken. */
  readonly ready: readonly EntryView[];
  readonly delayed: readonly EntryView[];
  /** task_id -> attempt that waits. */
  readonly idx: Readonly<Record<string, number>>;
  readonly holds: Readonly<
    Record<string, { readonly workerId: string; readonly attempt: number; readonly lease: boolean }>
  >;
}

export interface EntryView {
  readonly taskId: string;
  readonly attempt: number;
}

export interface RowView {
  readonly taskId: string;
  readonly status: string;
  readonly attempt: number;
  readonly workerId: string | null;
  readonly retryCount: number;
  readonly crashCount: number;
  readonly cancel: boolean;
  /** How attempts ended, in order of the attempts. */
  readonly outcomes: readonly string[];
}
