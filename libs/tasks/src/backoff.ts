import type { Backoff } from '@millrace/contracts';

/** What a task says about the wait before its retries. */
export interface RetryPolicy {
  readonly retryDelayMs: number;
  /** Null: exponential. */
  readonly backoff: Backoff | null;
}

const DEFAULT_MAX_MS = 3_600_000;
const DEFAULT_JITTER = { fixed: 0, exponential: 0.2 } as const;

/** Doubling more often than this is beyond any bound, and would end in infinity. */
const MAX_DOUBLINGS = 50;

/**
 * Milliseconds to wait before retry number `retryCount + 1` (`retryCount` retries were used so far).
 *
 * - `fixed`: always `retryDelayMs`; `exponential`: `retryDelayMs * 2^retryCount`.
 * - At most `backoff.maxMs`. Without one the bound is 1 hour, or `retryDelayMs` when that is longer.
 * - Jitter takes off up to that share at random (exponential: 0.2, fixed: none), so that tasks which failed together do
 *   not return together.
 */
export function retryDelayMs(policy: RetryPolicy, retryCount: number, random: () => number = Math.random): number {
  const { type, maxMs, jitter } = policy.backoff ?? { type: 'exponential' };
  const grown = type === 'fixed' ? policy.retryDelayMs : policy.retryDelayMs * 2 ** Math.min(retryCount, MAX_DOUBLINGS);
  const bounded = Math.min(grown, maxMs ?? Math.max(DEFAULT_MAX_MS, policy.retryDelayMs));
  return Math.round(bounded * (1 - (jitter ?? DEFAULT_JITTER[type]) * random()));
}
