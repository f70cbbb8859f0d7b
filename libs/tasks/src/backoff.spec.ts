import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { retryDelayMs } from './backoff';

const HOUR = 3_600_000;
const none = () => 0;

describe('the wait before a retry', () => {
  it('doubles with each retry unless told otherwise, up to one hour', () => {
    const policy = { retryDelayMs: 5_000, backoff: null };

    const waits = [0, 1, 2, 3, 9, 10, 1_000].map((retryCount) => retryDelayMs(policy, retryCount, none));

    expect(waits).toEqual([5_000, 10_000, 20_000, 40_000, 2_560_000, HOUR, HOUR]);
  });

  it('stays the same when fixed, also beyond one hour', () => {
    const policy = { retryDelayMs: 2 * HOUR, backoff: { type: 'fixed' } as const };

    expect([0, 7].map((retryCount) => retryDelayMs(policy, retryCount))).toEqual([2 * HOUR, 2 * HOUR]);
  });

  it('never leaves the bounds that delay, growth, maximum and jitter give', () => {
    const policies = fc.record({
      retryDelayMs: fc.nat(10 * HOUR),
      backoff: fc.record({
        type: fc.constantFrom('fixed' as const, 'exponential' as const),
        maxMs: fc.nat(10 * HOUR),
        jitter: fc.double({ min: 0, max: 1, noNaN: true }),
      }),
    });

    fc.assert(
      fc.property(policies, fc.nat(1_000), fc.double({ min: 0, max: 1, noNaN: true }), (policy, retryCount, chance) => {
        const wait = retryDelayMs(policy, retryCount, () => chance);
        const { maxMs, jitter } = policy.backoff;
        const undisturbed = retryDelayMs({ ...policy, backoff: { ...policy.backoff, jitter: 0 } }, retryCount);

        expect(Number.isSafeInteger(wait)).toBe(true);
        expect(undisturbed).toBeLessThanOrEqual(maxMs);
        expect(wait).toBeLessThanOrEqual(undisturbed);
        expect(wait).toBeGreaterThanOrEqual(Math.floor(undisturbed * (1 - jitter)));
      }),
    );
  });

  it('never shrinks as retries are spent, jitter aside', () => {
    fc.assert(
      fc.property(fc.nat(HOUR), fc.nat(999), (delay, retryCount) => {
        const policy = { retryDelayMs: delay, backoff: null };

        expect(retryDelayMs(policy, retryCount + 1, none)).toBeGreaterThanOrEqual(
          retryDelayMs(policy, retryCount, none),
        );
      }),
    );
  });
});
