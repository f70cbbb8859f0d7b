import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDuration, InvalidDuration, parseDuration } from './duration';

describe('parseDuration', () => {
  it.each([
    [0, 0],
    [1500, 1500],
    ['0', 0],
    ['250', 250],
    ['500ms', 500],
    ['90s', 90_000],
    ['1h30m', 5_400_000],
    [' 2d ', 172_800_000],
    ['1m1ms', 60_001],
  ])('reads %j as %i ms', (input, ms) => {
    expect(parseDuration(input)).toBe(ms);
  });

  it.each([
    [''],
    ['1'.repeat(16)],
    ['1x'],
    ['1.5s'],
    ['-1s'],
    ['1s2s'],
    ['s'],
    ['1 s'],
    [-1],
    [1.5],
    [NaN],
    [2 ** 53],
    [null],
    [undefined],
    [{}],
  ])('refuses %j and says what is accepted', (input) => {
    expect(() => parseDuration(input)).toThrow(InvalidDuration);
    expect(() => parseDuration(input)).toThrow(/500ms, 90s or 1h30m/);
  });

  it('reads back what formatDuration writes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 10 ** 12 }), (ms) => {
        expect(parseDuration(formatDuration(ms))).toBe(ms);
      }),
    );
  });
});
