import { describe, expect, it } from 'vitest';
import { hasFailedRepeatedly } from './failure-pause';
import { decideOverlap } from './overlap';

describe('a slot that comes due', () => {
  it.each(['allow', 'skip', 'queue_one', 'queue_all', 'cancel_running'] as const)(
    'is submitted under %s when nothing is under way',
    (policy) => {
      expect(decideOverlap(policy, { unfinished: 0, waiting: 0 })).toBe('submit');
    },
  );

  it.each([
    ['allow', 3, 0, 'submit'],
    ['skip', 1, 0, 'skip'],
    ['queue_one', 1, 0, 'wait'],
    ['queue_one', 1, 1, 'skip'],
    ['queue_all', 1, 7, 'wait'],
    ['cancel_running', 1, 0, 'replace'],
  ] as const)('under %s with %i unfinished and %i waiting: %s', (policy, unfinished, waiting, decision) => {
    expect(decideOverlap(policy, { unfinished, waiting })).toBe(decision);
  });

  it('waits behind a slot that waits, also when the task before it has just ended', () => {
    expect(decideOverlap('queue_all', { unfinished: 0, waiting: 1 })).toBe('wait');
  });
});

describe('a schedule is paused', () => {
  it('when its last runs all failed, as many as the limit', () => {
    expect(hasFailedRepeatedly(['failed', 'failed', 'success'], 2)).toBe(true);
    expect(hasFailedRepeatedly(['failed', 'success', 'failed'], 2)).toBe(false);
    expect(hasFailedRepeatedly(['failed'], 2)).toBe(false);
    expect(hasFailedRepeatedly(['failed', 'failed'], null)).toBe(false);
  });

  it('without regard to cancelled runs', () => {
    expect(hasFailedRepeatedly(['failed', 'cancelled', 'failed'], 2)).toBe(true);
    expect(hasFailedRepeatedly(['cancelled', 'cancelled'], 2)).toBe(false);
  });
});
