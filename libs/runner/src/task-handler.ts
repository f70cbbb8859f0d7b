import { SetMetadata } from '@nestjs/common';
import {
  checkFreeType,
  type Duration,
  MAX_RETRY_LIMIT,
  parseDuration,
  TYPE_PATTERN,
  type Json,
} from '@millrace/contracts';
import type { TaskContext } from './task-context';

/**
 * Where an isolated attempt runs, alone: in a child process, which survives nothing and takes nobody with it, or in a
 * thread, which starts faster and shares the worker's memory and fate where it calls `process.kill` or exhausts both.
 */
export type Isolation = 'process' | 'thread';

/** Least memory limit, in MiB: below it the application itself does not start. */
const LEAST_MEMORY_MIB = 64;
const MOST_MEMORY_MIB = 1024 * 1024;

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
  /** Runs each attempt in a process or a thread of its own, ended by force when it must. Default: among the others. */
  readonly isolated?: Isolation;
  /** With `isolated`: most JavaScript heap of one attempt, in MiB, 64 to 1048576; beyond it crashes. Default: Node's own limit. */
  readonly memoryMiB?: number;
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
  readonly isolated: Isolation | null;
  readonly memoryMiB: number | null;
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
  const [reserved] = checkFreeType(type);
  if (reserved) throw new InvalidHandler(`@TaskHandler: the type ${JSON.stringify(type)} ${reserved.message}`);
  const { timeout, maxRetry, retryDelay, description, isolated } = options;
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
    isolated: isolated ?? null,
    memoryMiB: memoryOf(type, options),
  };
}

function memoryOf(type: string, { isolated, memoryMiB }: TaskHandlerOptions): number | null {
  if (isolated !== undefined && isolated !== 'process' && isolated !== 'thread') {
    throw new InvalidHandler(`@TaskHandler('${type}'): isolated must be 'process' or 'thread'`);
  }
  if (memoryMiB === undefined) return null;
  if (isolated === undefined) throw new InvalidHandler(`@TaskHandler('${type}'): memoryMiB needs isolated`);
  if (!Number.isInteger(memoryMiB) || memoryMiB < LEAST_MEMORY_MIB || memoryMiB > MOST_MEMORY_MIB) {
    throw new InvalidHandler(`@TaskHandler('${type}'): memoryMiB must be ${LEAST_MEMORY_MIB} to ${MOST_MEMORY_MIB}`);
  }
  return memoryMiB;
}

function milliseconds(type: string, option: string, duration: Duration): number {
  try {
    return parseDuration(duration);
  } catch (error) {
    throw new InvalidHandler(`@TaskHandler('${type}'): ${option} ${(error as Error).message}`);
  }
}
