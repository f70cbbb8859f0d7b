import { SetMetadata } from '@nestjs/common';
import { type Duration, MAX_RETRY_LIMIT, parseDuration, TYPE_PATTERN, type Json } from '@millrace/contracts';
import type { TaskContext } from './task-context';

/** What a handler says about its type. Each is a default: a task that names its own keeps it. */
export interface TaskHandlerOptions {
  /** Longest time one attempt may run, such as `30s`. Applied when an attempt starts. Default: none. */
  readonly timeout?: Duration;
  /** Retries after a failed first start, 0 to 1000. Announced at `GET /types`. Default: the platform's `QUEUE_MAX_RETRY`. */
  readonly maxRetry?: number;
  /** Wait before the first retry. Announced at `GET /types`. Default: the platform's `QUEUE_RETRY_DELAY`. */
  readonly retryDelay?: Duration;
  /** One sentence for the people who read `GET /types`. Default: none. */
  readonly description?: string;
}

/** The code that runs one type of task: an injectable class marked with `@TaskHandler`. */
export interface Handler<Payload = Json, Result = unknown> {
  /**
   * Runs one attempt. What it returns is recorded as the task's result, as JSON.
   *
   * Throw to fail: any error is retried under the task's policy, `NonRetryableError` is not, `RetryAfterError` chooses
   * the wait, `SnoozeError` runs the task again later without spending a retry.
   */
  handle(payload: Payload, context: TaskContext): Promise<Result> | Result;
}

/** A handler's type and options in the form the engine uses. */
export interface HandlerSettings {
  readonly type: string;
  readonly timeoutMs: number | null;
  readonly maxRetry: number | null;
  readonly retryDelayMs: number | null;
  readonly description: string | null;
}

/** Where `@TaskHandler` leaves its settings on the class. */
export const HANDLER_SETTINGS = Symbol('millrace:task-handler');

/** Thrown where a handler is declared wrongly; the message names the type and what is accepted. */
export class InvalidHandler extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidHandler';
  }
}

/**
 * Binds an injectable class to a task type. List the class among the providers of a module and the worker finds it.
 * Throws `InvalidHandler` for a type or an option out of bounds.
 */
export function TaskHandler(type: string, options: TaskHandlerOptions = {}): ClassDecorator {
  return SetMetadata(HANDLER_SETTINGS, settingsOf(type, options));
}

function settingsOf(type: string, options: TaskHandlerOptions): HandlerSettings {
  if (!TYPE_PATTERN.test(type)) {
    throw new InvalidHandler(`@TaskHandler: the type ${JSON.stringify(type)} must match ${TYPE_PATTERN.source}`);
  }
  const { timeout, maxRetry, retryDelay, description } = options;
  if (maxRetry !== undefined && !(Number.isInteger(maxRetry) && maxRetry >= 0 && maxRetry <= MAX_RETRY_LIMIT)) {
    throw new InvalidHandler(`@TaskHandler('${type}'): maxRetry must be 0 to ${MAX_RETRY_LIMIT}`);
  }
  const timeoutMs = timeout === undefined ? null : milliseconds(type, 'timeout', timeout);
  if (timeoutMs === 0) throw new InvalidHandler(`@TaskHandler('${type}'): timeout must be longer than 0`);
  return {
    type,
    timeoutMs,
    maxRetry: maxRetry ?? null,
    retryDelayMs: retryDelay === undefined ? null : milliseconds(type, 'retryDelay', retryDelay),
    description: description ?? null,
  };
}

function milliseconds(type: string, option: string, duration: Duration): number {
  try {
    return parseDuration(duration);
  } catch (error) {
    throw new InvalidHandler(`@TaskHandler('${type}'): ${option} ${(error as Error).message}`);
  }
}
