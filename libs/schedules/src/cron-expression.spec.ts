import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCron } from './cron-expression';
import { CronSyntaxError } from './invalid-schedule';
import { matcher } from './oracle.fixture';

const next = (source: string, from: string): string | null => {
  const wallMs = parseCron(source).nextWall(Date.parse(from));
  return wallMs === null ? null : new Date(wallMs).toISOString();
};

describe('a cron expression', () => {
  it.each([
    ['* * * * *', '2026-03-01T10:00:00.000Z', '2026-03-01T10:01:00.000Z'],
    ['* * * * * *', '2026-03-01T10:00:00.999Z', '2026-03-01T10:00:01.000Z'],
    ['*/15 * * * * *', '2026-03-01T10:00:15.000Z', '2026-03-01T10:00:30.000Z'],
    ['0 9-17/4 * * 1-5', '2026-02-27T17:30:00.000Z', '2026-03-02T09:00:00.000Z'],
    ['0 0 29 2 *', '2096-03-01T00:00:00.000Z', '2104-02-29T00:00:00.000Z'],
    ['0 0 1 JAN Sun', '2026-01-01T00:00:00.000Z', '2026-01-04T00:00:00.000Z'],
    ['0 0 * * 5-7', '2026-03-07T12:00:00.000Z', '2026-03-08T00:00:00.000Z'],
    ['0 0 * * fri-sun', '2026-03-07T12:00:00.000Z', '2026-03-08T00:00:00.000Z'],
    ['0 0 ? * 7', '2026-03-02T00:00:00.000Z', '2026-03-08T00:00:00.000Z'],
    ['59 59 23 31 12 *', '2026-12-31T23:59:58.500Z', '2026-12-31T23:59:59.000Z'],
    ['0 12 L * *', '2028-02-01T00:00:00.000Z', '2028-02-29T12:00:00.000Z'],
    ['0 12 LW * *', '2026-02-01T00:00:00.000Z', '2026-02-27T12:00:00.000Z'],
    ['0 12 1W * *', '2026-08-01T00:00:00.000Z', '2026-08-03T12:00:00.000Z'],
    ['0 12 31W * *', '2026-02-01T00:00:00.000Z', '2026-03-31T12:00:00.000Z'],
    ['0 12 * * fri#2', '2026-01-01T00:00:00.000Z', '2026-01-09T12:00:00.000Z'],
    ['0 12 * * 1#5', '2026-01-01T00:00:00.000Z', '2026-03-30T12:00:00.000Z'],
    ['0 12 * * 5L', '2026-01-01T00:00:00.000Z', '2026-01-30T12:00:00.000Z'],
    ['0 12 * * SunL', '2026-01-01T00:00:00.000Z', '2026-01-25T12:00:00.000Z'],
    ['@yearly', '2026-01-01T00:00:00.000Z', '2027-01-01T00:00:00.000Z'],
    [' @Hourly ', '2026-03-01T23:59:59.999Z', '2026-03-02T00:00:00.000Z'],
    ['@weekly', '2026-03-02T00:00:00.000Z', '2026-03-08T00:00:00.000Z'],
  ])('%s comes after %s at %s', (source, from, expected) => {
    expect(next(source, from)).toBe(expected);
  });

  it('means what a search minute by minute finds', () => {
    fc.assert(
      fc.property(anyExpression(), fc.integer({ min: 26_000_000, max: 35_000_000 }), (source, minute) => {
        const matches = matcher(source);
        const from = minute * 60_000;
        let found = from + 60_000;
        for (let tries = 0; !matches(new Date(found)) && tries < 60_000; tries += 1) found += 60_000;
        fc.pre(matches(new Date(found)));

        expect(new Date(parseCron(source).nextWall(from) ?? 0)).toEqual(new Date(found));
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['', 1, 'must have five fields, or six with the second in front; got 0'],
    ['* * *', 6, 'must have five fields'],
    ['* * * * * * *', 13, 'must have five fields, or six with the second in front; got 7'],
    ['* * * * * * 2026', 13, 'has no field for a year'],
    ['0 0 * * 1 2026', 11, 'has no field for a year'],
    ['TZ=Europe/Berlin 0 6 * * *', 1, 'takes no time zone; that is a field of its own, timezone'],
    ['60 * * * *', 1, 'the minute takes 0-59, not "60"'],
    ['\u0665 * * * *', 1, 'the minute takes 0-59, not "\u0665"'],
    ['75 * * * *', 1, 'the minute takes 0-59, not "75"'],
    ['0 0-24 * * *', 5, 'the hour takes 0-23, not "24"'],
    ['0 0 1,32 * *', 7, 'the day of month takes 1-31, not "32"'],
    ['0 0 * foo *', 7, 'the month takes 1-12 or jan-dec, not "foo"'],
    ['0 0 * * mon,funday', 13, 'the day of week takes 0-7 or sun-sat, not "funday"'],
    ['0 22-2 * * *', 6, 'the hour has a range that ends before it begins; write 22-23,0-2 for 22-2'],
    ['0 0 * * fri-mon', 13, 'the day of week has a range that ends before it begins; write 5-6,0-1 for fri-mon'],
    ['0 0 * * 7-1', 11, 'the day of week has a range that ends before it begins; write 0-1 for 7-1'],
    ['0 0 * * mon-sun-tue', 16, 'the day of week has a second -'],
    ['*/0 * * * *', 3, 'the minute takes a step of 1 to 60'],
    ['*/61 * * * *', 3, 'the minute takes a step of 1 to 60'],
    ['5/15 * * * *', 1, 'the minute takes a step after * or a range; write 5-59/…'],
    ['1,,2 * * * *', 3, 'the minute has an empty item'],
    ['1- * * * *', 3, 'the minute takes 0-59'],
    ['1-2-3 * * * *', 4, 'the minute has a second -'],
    ['*/5/5 * * * *', 4, 'the minute has a second /'],
    ['0 0 * * 5#6', 11, 'the day of week takes 1 to 5 after #'],
    ['0 0 * * #2', 9, 'the day of week takes # after a day, such as 5#2'],
    ['0 0 * * L', 9, 'the day of week takes L after a day, such as 5L'],
    ['0 0 L-3 * *', 6, 'the day of month takes nothing after L'],
    ['0 0 LW-1 * *', 7, 'the day of month takes nothing after LW'],
    ['0 0 W * *', 5, 'the day of month takes W after a single day, such as 15W'],
    ['0 0 1-5W * *', 8, 'the day of month takes W after a single day, such as 15W'],
    ['L * * * *', 1, 'the minute takes 0-59, not "L"'],
    ['0 0 30 2 *', 5, 'is a date that never comes'],
    ['* * 31 4,6,9,11 *', 5, 'is a date that never comes'],
    ['0 0 30W,31 2 ?', 5, 'is a date that never comes'],
    ['@fortnightly', 1, 'unknown descriptor'],
    ['@daily 5', 8, 'nothing may follow @daily'],
  ])('%j is refused at character %i: %s', (source, position, reason) => {
    const fault = faultOf(source);

    expect(fault).toMatchObject({ position, message: expect.stringContaining(reason) as string });
    expect(fault.pointer()).toBe(`${source}\n${' '.repeat(position - 1)}^`);
  });

  it.each(['0 0 29 2 *', '0 0 31W 1-2 *', '0 0 L 2 *', '0 0 31 2 0#5', '0 0 31 4 1'])('%j comes', (source) => {
    expect(parseCron(source).nextWall(Date.UTC(2000, 0, 1))).toBeLessThan(Date.UTC(2050, 0, 1));
  });

  it('is refused when none of its dates exists, and answered when one does', () => {
    const months = fc.uniqueArray(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 });
    const days = fc.uniqueArray(fc.integer({ min: 28, max: 31 }), { minLength: 1, maxLength: 3 });
    const form = fc.constantFrom('', 'W');
    fc.assert(
      fc.property(months, days, form, (inMonths, onDays, letter) => {
        const exists = inMonths.some((month) => onDays.some((day) => new Date(2000, month - 1, day).getDate() === day));
        const source = `* * ${onDays.map((day) => `${day}${letter}`).join()} ${inMonths.join()} *`;

        if (exists) expect(parseCron(source).nextWall(Date.UTC(2000, 0, 1))).not.toBeNull();
        else expect(faultOf(source).message).toContain('is a date that never comes');
      }),
      { numRuns: 200 },
    );
  });

  it('is refused or answered, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 40 }), anyScribble()), (source) => {
        try {
          expect(parseCron(source).nextWall(0)).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(CronSyntaxError);
          expect((error as CronSyntaxError).position).toBeLessThanOrEqual(source.length + 1);
        }
      }),
      { numRuns: 300 },
    );
  });
});

function faultOf(source: string): CronSyntaxError {
  try {
    parseCron(source);
  } catch (error) {
    if (error instanceof CronSyntaxError) return error;
    throw error;
  }
  throw new Error(`${source} was taken`);
}

function anyExpression(): fc.Arbitrary<string> {
  const monthDay = fc.oneof(
    { weight: 3, arbitrary: anyField(1, 31) },
    fc.constantFrom('L', 'LW', '15W', '1W', '31W,2'),
  );
  const weekday = fc.oneof(
    { weight: 3, arbitrary: anyField(0, 6) },
    fc.constantFrom('1#1', '5#5', '0L', '7', '5-7', '1,3#2'),
  );
  return fc
    .tuple(anyField(0, 59), anyField(0, 23), monthDay, anyField(1, 12), weekday)
    .map((fields) => fields.join(' '));
}

function anyField(min: number, max: number): fc.Arbitrary<string> {
  const value = fc.integer({ min, max });
  const range = fc.tuple(value, value).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`);
  const step = fc.integer({ min: 2, max: 6 });
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant('*') },
    value.map(String),
    range,
    fc.tuple(range, step).map(([span, every]) => `${span}/${every}`),
    step.map((every) => `*/${every}`),
    fc.array(fc.oneof(value.map(String), range), { minLength: 2, maxLength: 4 }).map((items) => items.join(',')),
  );
}

const anyScribble = (): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom('*', '0', '5', '31', '/', '-', ',', ' ', ' ', 'L', 'W', '#', '?', 'mon', 'jan', '@'), {
      maxLength: 16,
    })
    .map((pieces) => pieces.join(''));
