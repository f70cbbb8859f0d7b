import { NonRetryableError, RetryAfterError, SnoozeError } from './control-flow';
import { describeError } from './describe-error';

/** What a handler threw, in a form that can be decided on anywhere and sent between processes. Delays in milliseconds. */
export type Failure =
  | { readonly kind: 'error' | 'non_retryable'; readonly message: string }
  | { readonly kind: 'retry_after'; readonly message: string; readonly delayMs: number }
  | { readonly kind: 'snooze'; readonly delayMs: number };

/** Reads whatever was thrown. Never throws: a value that fails whoever looks at it is a failure like any other. */
export function failureOf(error: unknown): Failure {
  try {
    if (error instanceof SnoozeError) return { kind: 'snooze', delayMs: error.delayMs };
    const message = describeError(error);
    if (error instanceof NonRetryableError) return { kind: 'non_retryable', message };
    if (error instanceof RetryAfterError) return { kind: 'retry_after', message, delayMs: error.delayMs };
    return { kind: 'error', message };
  } catch {
    return { kind: 'error', message: 'The handler threw something that cannot be looked at' };
  }
}
