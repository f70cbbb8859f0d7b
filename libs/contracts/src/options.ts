import type { Duration } from './duration';
import type { TraceContext } from './task';

/** What a submit may say beyond type and payload. Every default comes from the configuration of the service that submits. */
export interface TaskOptions {
  /** The task's public id; must match `TASK_ID_PATTERN`. Default: a new UUIDv7. */
  readonly taskId?: string;
  /** Default: the queue that `QUEUE_ROUTES` gives this type, else `default`. */
  readonly queue?: string;
  /** 0 (default) to 9, 9 is taken first. */
  readonly priority?: number;
  /** Retries after a failed first start: 3 means at most four runs. Default `QUEUE_MAX_RETRY`. */
  readonly maxRetry?: number;
  /** Wait before the first retry. Default `QUEUE_RETRY_DELAY`. */
  readonly retryDelay?: Duration;
  /** How the wait grows. Default exponential. */
  readonly backoff?: { readonly type: 'fixed' | 'exponential'; readonly max?: Duration; readonly jitter?: number };
  /** Longest time one attempt may run. Default: the handler's own, else none. */
  readonly timeout?: Duration;
  /** A task that has not started by then fails with `expired`. */
  readonly expiresAt?: Date;
  /** Whose task it is; lists and counts filter by it. */
  readonly userId?: string;
  readonly trace?: TraceContext;
}
