import type {
  AttemptOutcome,
  Backoff,
  ErrorCode,
  Json,
  QueueTask,
  TaskStatus,
  TraceContext,
} from '@millrace/contracts';

/** A task to insert, complete: every default is already applied. `payload` is JSON text, kept as it came. */
export interface NewTask {
  readonly taskId: string;
  /** Millrace made the id itself just now, so that nobody can hold it yet. */
  readonly generatedId: boolean;
  readonly type: string;
  readonly queue: string;
  readonly priority: number;
  readonly payload: string;
  readonly userId: string | null;
  readonly maxRetry: number;
  readonly retryDelayMs: number;
  readonly backoff: Backoff | null;
  readonly timeoutMs: number | null;
  /** Due this long after the database's now; then `runAt` is null. */
  readonly delayMs: number | null;
  /** Null, with `delayMs` null: at once (the row gets the database's now). */
  readonly runAt: Date | null;
  readonly expiresAt: Date | null;
  readonly uniqueKey: string | null;
  /** How long the unique key is held; null: as long as the task is unfinished. */
  readonly uniqueForMs: number | null;
  readonly scheduleId: number | null;
  readonly slotAt: Date | null;
  readonly trace: TraceContext | null;
}

/** What became of one task of `insertMany`. */
export type InsertResult =
  | {
      readonly kind: 'inserted';
      readonly id: number;
      readonly taskId: string;
      readonly createdAt: Date;
      readonly runAt: Date;
    }
  | { readonly kind: 'task_id_taken'; readonly taskId: string }
  /** `taskId` is the task that holds the key. */
  | { readonly kind: 'unique_taken'; readonly taskId: string };

/** A raw queue entry whose task has no row yet. */
export interface RawEntry {
  readonly entry: QueueTask;
  /** The queue it was found in; its own word does not count. */
  readonly queue: string;
  /** Null: at once. */
  readonly dueAt: Date | null;
  readonly defaults: { readonly maxRetry: number; readonly retryDelayMs: number };
}

/** `exists`: recorded and not final; `final`: recorded and ended; `invalid`: no row can hold it. */
export type RawRecorded = 'inserted' | 'exists' | 'final' | 'invalid';

/** A row of `tasks`. */
export interface TaskRow {
  readonly id: number;
  readonly taskId: string;
  readonly type: string;
  readonly queue: string;
  readonly status: TaskStatus;
  readonly priority: number;
  readonly userId: string | null;
  readonly payload: Json;
  readonly result: Json;
  readonly progress: Json;
  readonly retryCount: number;
  readonly maxRetry: number;
  readonly retryDelayMs: number;
  readonly backoff: Backoff | null;
  readonly timeoutMs: number | null;
  /** Starts so far; the fence. */
  readonly attempt: number;
  readonly crashCount: number;
  readonly errorMessage: string | null;
  readonly errorCode: ErrorCode | null;
  readonly workerId: string | null;
  readonly scheduleId: number | null;
  readonly slotAt: Date | null;
  readonly uniqueKey: string | null;
  readonly runAt: Date;
  readonly expiresAt: Date | null;
  readonly cancelRequestedAt: Date | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly trace: TraceContext | null;
}

/** One ended attempt in `task_attempts`. */
export interface AttemptRow {
  readonly taskId: string;
  readonly attempt: number;
  readonly outcome: AttemptOutcome;
  readonly workerId: string | null;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly errorMessage: string | null;
  readonly errorCode: ErrorCode | null;
}

/** A started task: what a handler and the outcome's decision need. */
export type StartedTask = Pick<
  TaskRow,
  | 'id'
  | 'taskId'
  | 'type'
  | 'queue'
  | 'priority'
  | 'userId'
  | 'payload'
  | 'attempt'
  | 'retryCount'
  | 'maxRetry'
  | 'retryDelayMs'
  | 'backoff'
  | 'timeoutMs'
  | 'crashCount'
  | 'scheduleId'
  | 'slotAt'
  | 'runAt'
  | 'expiresAt'
  | 'cancelRequestedAt'
  | 'createdAt'
  | 'startedAt'
  | 'trace'
>;

/** A queue entry at the start gate: `attempt` is how many starts it knows of, 0 for a first one. */
export interface Start {
  readonly taskId: string;
  readonly attempt: number;
}

/** Why the gate stays closed for good: the entry was a stale hint. */
export type RefusalReason = 'no_row' | 'stale' | 'final' | 'running';

/** The gate's answer to one entry. `expired`: the row has just become `failed`. */
export type StartResult =
  | { readonly kind: 'started'; readonly task: StartedTask }
  | { readonly kind: 'early'; readonly taskId: string; readonly dueInMs: number }
  | { readonly kind: 'expired'; readonly taskId: string }
  | { readonly kind: 'refused'; readonly taskId: string; readonly reason: RefusalReason };

/** How an attempt ended and what the task becomes by it. `resultJson` is JSON text. */
export interface OutcomeRecord {
  readonly id: number;
  readonly taskId: string;
  readonly attempt: number;
  readonly workerId: string;
  readonly outcome: AttemptOutcome;
  readonly status: 'success' | 'failed' | 'cancelled' | 'pending';
  readonly resultJson: string | null;
  readonly errorMessage: string | null;
  readonly errorCode: ErrorCode | null;
  readonly retryCount: number;
  readonly crashCount: number;
  /** With `pending`: run again this long after the database's now. */
  readonly delayMs: number | null;
}

/** What a write about a running attempt made of its task. */
export interface RecordedOutcome {
  readonly taskId: string;
  readonly status: TaskStatus;
  readonly attempt: number;
  /** When a task that is `pending` again is due; may be null with any other status. */
  readonly runAt: Date | null;
}

/** A running attempt whose worker is lost. */
export interface Rescue {
  readonly taskId: string;
  readonly attempt: number;
  readonly workerId: string;
  /** The task fails once its worker was lost this often. */
  readonly crashLimit: number;
}

/** Progress of a running attempt. `progressJson` is JSON text. */
export interface ProgressRecord {
  readonly id: number;
  readonly attempt: number;
  readonly progressJson: string;
}
