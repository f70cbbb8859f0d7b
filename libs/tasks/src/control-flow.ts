import { MAX_DURATION_MS, parseDuration, type Duration } from '@millrace/contracts';

/** A handler throws it when no retry can help: the task fails at once with `non_retryable`. */
export class NonRetryableError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NonRetryableError';
  }
}

/**
 * A handler throws it to fail this attempt and to choose when the next one starts, such as what a `Retry-After` header
 * said. It spends a retry; without any left the task fails.
 * Throws `InvalidDuration` when made with a delay that is none.
 */
export class RetryAfterError extends Error {
  readonly delayMs: number;

  constructor(delay: Duration, message = 'The handler asked to be retried later', options?: ErrorOptions) {
    super(message, options);
    this.name = 'RetryAfterError';
    this.delayMs = boundedDelayMs(delay);
  }
}

/**
 * A handler throws it to be started again later without having failed: neither a retry nor a crash is spent.
 * Throws `InvalidDuration` when made with a delay that is none.
 */
export class SnoozeError extends Error {
  readonly delayMs: number;

  constructor(delay: Duration) {
    super('The handler asked to run later');
    this.name = 'SnoozeError';
    this.delayMs = boundedDelayMs(delay);
  }
}

const boundedDelayMs = (delay: Duration) => Math.min(parseDuration(delay), MAX_DURATION_MS);
