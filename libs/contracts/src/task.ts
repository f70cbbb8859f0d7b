/** Every status a task can have, as stored and as shown. */
export const TASK_STATUSES = ['pending', 'processing', 'success', 'failed', 'cancelled'] as const;
export type TaskStatus = (typeof TASK_STATUSES)[number];

/** The statuses a task stays in; only an explicit retry leaves `failed` and `cancelled`. */
export const FINAL_STATUSES = ['success', 'failed', 'cancelled'] as const;
export type FinalStatus = (typeof FINAL_STATUSES)[number];

export function isFinal(status: TaskStatus): status is FinalStatus {
  return status === 'success' || status === 'failed' || status === 'cancelled';
}

/**
 * Why a task's last attempt did not succeed.
 * - `handler_error`: the handler threw.
 * - `non_retryable`: the handler threw `NonRetryableError`.
 * - `timeout`: the attempt ran longer than the task's `timeout`.
 * - `expired`: `expires_at` passed before the task started.
 * - `worker_crashed`: it took down the process or thread it ran in alone, or its worker was lost as often as may be.
 * - `cancelled`: someone asked for it.
 */
export const ERROR_CODES = [
  'handler_error',
  'non_retryable',
  'timeout',
  'expired',
  'worker_crashed',
  'cancelled',
] as const;
export type ErrorCode = (typeof ERROR_CODES)[number];

/** How one attempt ended. `snoozed` and `interrupted` (a shutdown's hand-back) spend no retry. */
export const ATTEMPT_OUTCOMES = [
  'succeeded',
  'failed',
  'timed_out',
  'cancelled',
  'snoozed',
  'interrupted',
  'lost',
  'superseded',
] as const;
export type AttemptOutcome = (typeof ATTEMPT_OUTCOMES)[number];

/** How long to wait before a retry grows. `maxMs` bounds it; `jitter` (0 to 1) takes off up to that share at random. */
export interface Backoff {
  readonly type: 'fixed' | 'exponential';
  /** Upper bound of one wait, in milliseconds. Default 1 hour. */
  readonly maxMs?: number;
  /** 0 (none) to 1. Default 0 for `fixed`, 0.2 for `exponential`. */
  readonly jitter?: number;
}

/** Anything JSON can hold. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** W3C trace context, carried from the submit to the attempts. */
export interface TraceContext {
  readonly traceparent?: string;
  readonly tracestate?: string;
}
