import { InvalidDuration, parseDuration } from './duration';
import type { FieldError } from './invalid-task';
import {
  MAX_DURATION_MS,
  MAX_PRIORITY,
  MAX_RETRY_LIMIT,
  QUEUE_PATTERN,
  RESERVED_QUEUES,
  TASK_ID_PATTERN,
  TYPE_PATTERN,
} from './limits';
import type { TaskOptions } from './options';
import { isUnstorable } from './payload-rules';
import { FUNCTION_TYPE_PREFIX, isFunctionType } from './schedule';

/** Most characters of a user id, a unique key or a trace header. */
const TEXT_LIMIT = 255;

/**
 * The rules of a task's type and options, wherever it is submitted. Fields are named as in REST (`max_retry`).
 * Returns every fault; none means that the options may be used.
 */
export function checkTaskOptions(type: unknown, options: TaskOptions): FieldError[] {
  return [
    ...matches('type', type, TYPE_PATTERN),
    ...(options.taskId === undefined ? [] : matches('task_id', options.taskId, TASK_ID_PATTERN)),
    ...(options.queue === undefined ? [] : checkQueueName('queue', options.queue)),
    ...checkInteger('priority', options.priority, MAX_PRIORITY),
    ...checkInteger('max_retry', options.maxRetry, MAX_RETRY_LIMIT),
    ...checkDuration('retry_delay', options.retryDelay),
    ...checkBackoff(options.backoff),
    ...checkDuration('timeout', options.timeout, 1),
    ...checkInstant('expires_at', options.expiresAt),
    ...checkText('user_id', options.userId),
    ...checkText('trace.traceparent', options.trace?.traceparent),
    ...checkText('trace.tracestate', options.trace?.tracestate),
  ];
}

/** Fault of a type that only runs of functions have: what anybody else submits under it could not be retried, nor told from them. */
export function checkFreeType(type: unknown): FieldError[] {
  if (typeof type !== 'string' || !isFunctionType(type)) return [];
  return [{ field: 'type', message: `must not begin with ${FUNCTION_TYPE_PREFIX}, which is reserved for functions` }];
}

/** Fault of a queue name that Redis keys cannot carry or that would collide with a key of the default queue. */
export function checkQueueName(field: string, name: unknown): FieldError[] {
  const faults = matches(field, name, QUEUE_PATTERN);
  if (faults.length > 0) return faults;
  const reserved: readonly unknown[] = RESERVED_QUEUES;
  return reserved.includes(name) ? [{ field, message: `must not be the reserved name ${String(name)}` }] : [];
}

/** Fault of an optional duration: what `parseDuration` refuses, less than `minMs`, or longer than ten years. */
export function checkDuration(field: string, value: unknown, minMs = 0): FieldError[] {
  if (value === undefined) return [];
  try {
    const ms = parseDuration(value);
    if (ms < minMs) return [{ field, message: `must be at least ${minMs}ms` }];
    return ms > MAX_DURATION_MS ? [{ field, message: 'must be at most 3650d' }] : [];
  } catch (error) {
    if (!(error instanceof InvalidDuration)) throw error;
    return [{ field, message: error.message }];
  }
}

/** Fault of an optional instant that is no valid `Date` of the years 1970 to 9999. */
export function checkInstant(field: string, value: unknown): FieldError[] {
  if (value === undefined) return [];
  const ms = value instanceof Date ? value.getTime() : Number.NaN;
  return ms >= 0 && ms < 253_402_300_800_000
    ? []
    : [{ field, message: 'must be a valid instant between the years 1970 and 9999' }];
}

/** Fault of an optional short text: empty, longer than 255 characters, or with NUL or lone surrogates. */
export function checkText(field: string, value: unknown): FieldError[] {
  if (value === undefined) return [];
  if (typeof value !== 'string' || value.length === 0 || value.length > TEXT_LIMIT) {
    return [{ field, message: `must be text of 1 to ${TEXT_LIMIT} characters` }];
  }
  return isUnstorable(value) ? [{ field, message: 'must not contain NUL or lone surrogates' }] : [];
}

function checkBackoff(backoff: TaskOptions['backoff']): FieldError[] {
  if (backoff === undefined) return [];
  const { type, max, jitter } = backoff;
  const known = type === 'fixed' || type === 'exponential';
  const fits = jitter === undefined || (typeof jitter === 'number' && jitter >= 0 && jitter <= 1);
  return [
    ...(known ? [] : [{ field: 'backoff.type', message: 'must be fixed or exponential' }]),
    ...checkDuration('backoff.max', max),
    ...(fits ? [] : [{ field: 'backoff.jitter', message: 'must be a number from 0 to 1' }]),
  ];
}

function checkInteger(field: string, value: unknown, max: number): FieldError[] {
  if (value === undefined || (Number.isInteger(value) && Number(value) >= 0 && Number(value) <= max)) return [];
  return [{ field, message: `must be a whole number from 0 to ${max}` }];
}

function matches(field: string, value: unknown, pattern: RegExp): FieldError[] {
  return typeof value === 'string' && pattern.test(value) ? [] : [{ field, message: `must match ${pattern.source}` }];
}
