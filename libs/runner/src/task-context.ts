import type { Json, TraceContext } from '@millrace/contracts';
import type { SubmitOptions, SubmittedTask } from '@millrace/tasks';

/** What a handler may know about the task it runs. */
export interface TaskFacts {
  /** The task's public id, the same at every attempt: the natural idempotency key of the handler's effects. */
  readonly taskId: string;
  readonly type: string;
  readonly queue: string;
  readonly priority: number;
  /** Whose task it is, as the submitter said. */
  readonly userId: string | null;
  /** Failed attempts so far, and how many of them may be retried. */
  readonly retryCount: number;
  readonly maxRetry: number;
  readonly createdAt: Date;
  /** The schedule that submitted it, and the moment it stands for. */
  readonly scheduleId: number | null;
  readonly slotAt: Date | null;
  readonly trace: TraceContext | null;
}

/** A logger whose lines carry the task's id, type and attempt. Never log payloads or secrets. */
export interface TaskLog {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Everything a handler is given besides its payload. */
export interface TaskContext {
  readonly task: TaskFacts;
  /** Which start of the task this is, from 1. Snoozes and hand-backs count as starts too. */
  readonly attempt: number;
  /**
   * Aborts when the attempt must stop: `reason` is an `AttemptTimedOut`, `TaskCancelled`, `WorkerStopping` or
   * `AttemptSuperseded`. Pass it on (`fetch(url, { signal })`) or look at `signal.aborted` between steps. A handler that
   * ignores it is given 5 s, then the attempt is recorded without it and what it returns is thrown away.
   */
  readonly signal: AbortSignal;
  readonly log: TaskLog;
  /**
   * Records how far the task is, for `GET /tasks/task/:taskId` to show. At most one write a second; the last value
   * wins. Throws when the value is not JSON or larger than 16 KiB.
   */
  readonly progress: (value: Json) => void;
  /** Submits another task, which carries this one's trace unless the options name another. */
  readonly submit: (type: string, payload: Json, options?: SubmitOptions) => Promise<SubmittedTask>;
}
