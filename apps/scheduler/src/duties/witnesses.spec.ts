import { describe, expect, it } from 'vitest';
import { UnchangedWatch } from './unchanged-watch';
import { Witnesses } from './witnesses';

/** Both stores answer once a second, from second 0 to `until`. */
function heardUntil(until: number): Witnesses {
  const witnesses = new Witnesses();
  for (let second = 0; second <= until; second += 1) {
    witnesses.answered('postgres', second * 1_000);
    witnesses.answered('redis', second * 1_000);
  }
  return witnesses;
}

describe('the witnesses', () => {
  it('are believed once both have answered for the whole time', () => {
    const witnesses = heardUntil(30);

    expect(witnesses.haveAnsweredFor(30_000, 30_000)).toBe(true);
    expect(witnesses.haveAnsweredFor(30_001, 30_000)).toBe(false);
  });

  it.each(['postgres', 'redis'] as const)('are not believed after an interruption of %s', (witness) => {
    const witnesses = heardUntil(30);
    witnesses.interrupted(witness);
    witnesses.answered(witness, 31_000);

    expect(witnesses.haveAnsweredFor(1_000, 31_000)).toBe(false);
    witnesses.answered('postgres', 32_000);
    witnesses.answered('redis', 32_000);
    expect(witnesses.haveAnsweredFor(1_000, 32_000)).toBe(true);
  });

  it('are not believed after this process stood still itself', () => {
    const witnesses = heardUntil(30);

    expect(witnesses.haveAnsweredFor(30_000, 40_000)).toBe(false);
    witnesses.answered('postgres', 40_000);
    witnesses.answered('redis', 40_000);
    expect(witnesses.haveAnsweredFor(1_000, 40_000)).toBe(false);
  });
});

describe('what is watched for a change', () => {
  const seen = (state: string) => [{ key: 'k', state, item: state }];

  it('counts from when it was first seen, not from what its own times say', () => {
    const watch = new UnchangedWatch<string>(60_000);

    expect(watch.observe(seen('a'), 45_000, 0)).toEqual([]);
    expect(watch.observe(seen('a'), 45_000, 44_999)).toEqual([]);
    expect(watch.observe(seen('a'), 45_000, 45_000)).toEqual(['a']);
  });

  it('counts anew after a change, and after it was out of sight for long', () => {
    const watch = new UnchangedWatch<string>(60_000);
    watch.observe(seen('a'), 45_000, 0);

    expect(watch.observe(seen('b'), 45_000, 50_000)).toEqual([]);
    expect(watch.observe([], 45_000, 111_000)).toEqual([]);
    expect(watch.observe(seen('b'), 45_000, 112_000)).toEqual([]);
  });
});
