import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidSpec, nextRun, parseSpec, previousRun, slotOf } from './schedule-spec';

const next = (source: string, from: string) => nextRun(parseSpec(source), new Date(from))?.toISOString();
const previous = (source: string, from: string) => previousRun(parseSpec(source), new Date(from))?.toISOString();

describe('the next run', () => {
  it.each([
    ['* * * * *', '2026-03-01T10:00:00.000Z', '2026-03-01T10:01:00.000Z'],
    ['* * * * * *', '2026-03-01T10:00:00.999Z', '2026-03-01T10:00:01.000Z'],
    ['*/15 * * * * *', '2026-03-01T10:00:15.000Z', '2026-03-01T10:00:30.000Z'],
    ['30 2 * * *', '2026-03-01T02:30:00.000Z', '2026-03-02T02:30:00.000Z'],
    ['0 9-17/4 * * 1-5', '2026-02-27T17:30:00.000Z', '2026-03-02T09:00:00.000Z'],
    ['0 0 29 2 *', '2026-03-01T00:00:00.000Z', '2028-02-29T00:00:00.000Z'],
    ['0 0 31 * *', '2026-03-31T00:00:00.000Z', '2026-05-31T00:00:00.000Z'],
    ['0 0 1 jan sun', '2026-01-01T00:00:00.000Z', '2026-01-04T00:00:00.000Z'],
    ['0 0 * * 7', '2026-03-02T00:00:00.000Z', '2026-03-08T00:00:00.000Z'],
    ['59 59 23 31 12 *', '2026-12-31T23:59:58.500Z', '2026-12-31T23:59:59.000Z'],
    ['@yearly', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['@annually', '2026-06-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['@monthly', '2026-12-15T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    ['@weekly', '2026-03-02T00:00:00.000Z', '2026-03-08T00:00:00.000Z'],
    ['@daily', '2026-03-01T00:00:00.000Z', '2026-03-02T00:00:00.000Z'],
    ['@midnight', '2026-02-28T13:00:00.000Z', '2026-03-01T00:00:00.000Z'],
    ['@hourly', '2026-03-01T23:59:59.999Z', '2026-03-02T00:00:00.000Z'],
    ['@every 1h30m', '1970-01-01T00:00:00.000Z', '1970-01-01T01:30:00.000Z'],
    ['@every 10s', '2026-03-01T10:00:10.000Z', '2026-03-01T10:00:20.000Z'],
    ['  @every   5m ', '2026-03-01T10:04:59.999Z', '2026-03-01T10:05:00.000Z'],
  ])('of %s after %s is %s', (source, from, expected) => {
    expect(next(source, from)).toBe(expected);
  });

  it('reads cron fields on the clock of the time zone', () => {
    const at = nextRun(parseSpec('0 9 * * *'), new Date('2026-07-01T00:00:00Z'), 'America/New_York');

    expect(at?.toISOString()).toBe('2026-07-01T13:00:00.000Z');
  });

  it('equals what a search second by second finds', () => {
    fc.assert(
      fc.property(anySpec(), anyMoment(), ({ source, matches }, from) => {
        const found = firstSecondAfter(from, matches);
        fc.pre(found !== null);

        expect(nextRun(parseSpec(source), from)).toEqual(found);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the previous run', () => {
  it.each([
    ['0 0 29 2 *', '2026-03-01T00:00:00.000Z', '2024-02-29T00:00:00.000Z'],
    ['* * 12 1 1 *', '2026-12-01T00:00:00.000Z', '2026-01-01T12:59:59.000Z'],
    ['@hourly', '2026-03-01T10:00:00.000Z', '2026-03-01T09:00:00.000Z'],
    ['@hourly', '2026-03-01T10:00:00.001Z', '2026-03-01T10:00:00.000Z'],
    ['@every 1h30m', '1970-01-01T03:00:00.000Z', '1970-01-01T01:30:00.000Z'],
  ])('of %s before %s is %s', (source, from, expected) => {
    expect(previous(source, from)).toBe(expected);
  });

  it('has no run between it and the moment it was asked for', () => {
    fc.assert(
      fc.property(anySpec(), anyMoment(), ({ source }, at) => {
        const spec = parseSpec(source);
        const slot = slotOf(spec, at);
        fc.pre(slot !== null);

        expect(slot?.getTime()).toBeLessThanOrEqual(at.getTime());
        expect(nextRun(spec, slot)?.getTime()).toBeGreaterThan(at.getTime());
        expect(nextRun(spec, new Date(slot.getTime() - 1))).toEqual(slot);
      }),
      { numRuns: 40 },
    );
  });
});

describe('a spec that means nothing', () => {
  it.each([
    ['', 'got 0'],
    ['* * *', 'got 3'],
    ['* * * * * * *', 'got 7'],
    ['61 * * * *', 'minute must be *, or values, ranges, lists and steps of 0-59; got "61"'],
    ['* 24 * * *', 'hour'],
    ['* * 0 * *', 'day of month'],
    ['* * * 13 *', 'month'],
    ['* * * foo *', 'month'],
    ['* * * * 8', 'day of week'],
    ['60 * * * * *', 'second'],
    ['*/0 * * * *', 'minute'],
    ['5-1 * * * *', 'minute'],
    ['1, * * * *', 'minute'],
    ['1.5 * * * *', 'minute'],
    ['-1 * * * *', 'minute'],
    ['0 0 30 2 *', 'never comes'],
    ['@fortnightly', 'unknown descriptor; known are @yearly'],
    ['@every', '@every must be a duration'],
    ['@every fortnight', '@every must be a duration'],
    ['@every 500ms', 'whole seconds'],
    ['@every 0', 'at least 1s'],
  ])('such as "%s" is refused, naming the part: %s', (source, reason) => {
    expect(() => parseSpec(source)).toThrow(InvalidSpec);
    expect(() => parseSpec(source)).toThrow(reason);
  });
});

interface SpecOracle {
  readonly source: string;
  readonly matches: (at: Date) => boolean;
}

/** Six fields of random kinds, with a predicate that reads them without the code under test. */
function anySpec(): fc.Arbitrary<SpecOracle> {
  return fc
    .tuple(anyField(0, 59), anyField(0, 59), anyField(0, 23), anyField(1, 31), anyField(1, 12), anyField(0, 6))
    .map(([second, minute, hour, day, month, weekday]) => ({
      source: [second, minute, hour, day, month, weekday].map(({ text }) => text).join(' '),
      matches: (at: Date) =>
        second.has(at.getUTCSeconds()) &&
        minute.has(at.getUTCMinutes()) &&
        hour.has(at.getUTCHours()) &&
        month.has(at.getUTCMonth() + 1) &&
        dayMatches(at, day, weekday),
    }));
}

interface FieldOracle {
  readonly text: string;
  readonly restricted: boolean;
  readonly has: (value: number) => boolean;
}

function dayMatches(at: Date, day: FieldOracle, weekday: FieldOracle): boolean {
  const [onDay, onWeekday] = [day.has(at.getUTCDate()), weekday.has(at.getUTCDay())];
  return day.restricted && weekday.restricted ? onDay || onWeekday : onDay && onWeekday;
}

function anyField(low: number, high: number): fc.Arbitrary<FieldOracle> {
  const value = fc.integer({ min: low, max: high });
  const star: fc.Arbitrary<FieldOracle> = fc.constant({ text: '*', restricted: false, has: () => true });
  const list = fc.uniqueArray(value, { minLength: 1, maxLength: 3 }).map((values) => ({
    text: values.join(','),
    restricted: true,
    has: (candidate: number) => values.includes(candidate),
  }));
  const stepped = fc.tuple(value, value, fc.integer({ min: 1, max: 7 })).map(([a, b, step]) => {
    const [from, to] = [Math.min(a, b), Math.max(a, b)];
    const has = (candidate: number) => candidate >= from && candidate <= to && (candidate - from) % step === 0;
    return { text: `${from}-${to}/${step}`, restricted: !(step === 1 && from === low && to === high), has };
  });
  return fc.oneof({ weight: 3, arbitrary: star }, { weight: 1, arbitrary: list }, { weight: 1, arbitrary: stepped });
}

const anyMoment = () =>
  fc.date({ min: new Date('2025-01-01T00:00:00Z'), max: new Date('2029-12-31T00:00:00Z'), noInvalidDate: true });

/** Null when a day holds none. */
function firstSecondAfter(from: Date, matches: (at: Date) => boolean): Date | null {
  const start = Math.floor(from.getTime() / 1_000) * 1_000;
  for (let step = 1; step <= 86_400; step += 1) {
    const at = new Date(start + step * 1_000);
    if (matches(at)) return at;
  }
  return null;
}
