import type { AttemptOutcome, Backoff, ErrorCode, Json, TaskStatus, TraceContext } from '@millrace/contracts';

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
