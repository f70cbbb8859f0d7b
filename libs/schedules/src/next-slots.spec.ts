import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { InvalidSchedule } from './invalid-schedule';
import { latestSlot, nextSlot, nextSlots } from './next-slots';
import { parseSpec, type SpecInput } from './schedule-spec';

const slots = (input: SpecInput, after: string, count: number): string[] =>
  nextSlots(parseSpec(input), new Date(after), count).map((at) => at.toISOString().replace(/:00\.000Z$/, 'Z'));

describe('where clocks are changed', () => {
  it.each([
    // Spring: 02:00 becomes 03:00.
    ['America/New_York', '30 2 * * *', '2026-03-07T12:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:30Z']],
    ['America/New_York', '*/20 2 * * *', '2026-03-07T12:00Z', ['2026-03-08T07:00Z', '2026-03-09T06:00Z']],
    ['America/New_York', '30 * * * *', '2026-03-08T06:00Z', ['2026-03-08T06:30Z', '2026-03-08T07:30Z']],
    // Autumn: 02:00 becomes 01:00.
    ['America/New_York', '30 1 * * *', '2026-11-01T00:00Z', ['2026-11-01T05:30Z', '2026-11-02T06:30Z']],
    [
      'America/New_York',
      '30 * * * *',
      '2026-11-01T05:00Z',
      ['2026-11-01T05:30Z', '2026-11-01T06:30Z', '2026-11-01T07:30Z'],
    ],
    // Half an hour only.
    ['Australia/Lord_Howe', '15 2 * * *', '2026-10-03T00:00Z', ['2026-10-03T15:30Z', '2026-10-04T15:15Z']],
    ['Australia/Lord_Howe', '45 1 * * *', '2026-04-03T20:00Z', ['2026-04-04T14:45Z', '2026-04-05T15:15Z']],
    [
      'Australia/Lord_Howe',
      '*/15 * * * *',
      '2026-04-04T14:44Z',
      ['2026-04-04T14:45Z', '2026-04-04T15:00Z', '2026-04-04T15:15Z'],
    ],
    // A day that never was: 29 December was followed by 31 December.
    ['Pacific/Apia', '0 9 30 12 *', '2011-12-01T00:00Z', ['2011-12-30T10:00Z', '2012-12-29T19:00Z']],
    ['Pacific/Apia', '0 9 * * *', '2011-12-29T18:00Z', ['2011-12-29T19:00Z', '2011-12-30T10:00Z', '2011-12-30T19:00Z']],
    // At midnight.
    ['America/Santiago', '0 0 * * *', '2026-09-05T12:00Z', ['2026-09-06T04:00Z', '2026-09-07T03:00Z']],
    ['America/Sao_Paulo', '0 0 * * *', '2018-11-03T12:00Z', ['2018-11-04T03:00Z', '2018-11-05T02:00Z']],
    ['America/Sao_Paulo', '30 23 * * *', '2018-02-17T12:00Z', ['2018-02-18T01:30Z', '2018-02-19T02:30Z']],
    // Summer time that pauses for Ramadan; two hours at once.
    ['Africa/Casablanca', '30 2 * * *', '2026-02-14T12:00Z', ['2026-02-15T01:30Z', '2026-02-16T02:30Z']],
    ['Africa/Casablanca', '30 2 * * *', '2026-03-21T12:00Z', ['2026-03-22T02:00Z', '2026-03-23T01:30Z']],
    ['Antarctica/Troll', '30 1 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00Z', '2026-03-29T23:30Z']],
    ['Antarctica/Troll', '30 2 * * *', '2026-10-24T12:00Z', ['2026-10-25T00:30Z', '2026-10-26T02:30Z']],
    ['UTC', '0 0 29 2 *', '2026-01-01T00:00Z', ['2028-02-29T00:00Z', '2032-02-29T00:00Z']],
  ])('in %s the slots of %s after %s are %j', (timezone, cron, after, expected) => {
    expect(slots({ cron, timezone }, after, expected.length)).toEqual(expected);
  });

  it('a time that has come does not come again for whoever asks while the clock repeats it', () => {
    const between = slots({ cron: '30 1 * * *', timezone: 'America/New_York' }, '2026-11-01T06:10Z', 1);

    expect(between).toEqual(['2026-11-02T06:30Z']);
  });

  it('a time of the day comes once every day of five years, in a zone that skips and repeats it', () => {
    const spec = parseSpec({ cron: '30 2 * * *', timezone: 'Europe/Berlin' });

    const found = nextSlots(spec, new Date('2024-12-31T12:00Z'), 5 * 365 + 1);

    expect(found.at(-1)?.toISOString()).toBe('2029-12-31T01:30:00.000Z');
  });
});

describe('the slots of a schedule', () => {
  it('of several expressions come in order, each instant once', () => {
    expect(slots({ cron: ['0 6 * * *', '0 6,18 * * *'] }, '2026-01-01T00:00Z', 3)).toEqual([
      '2026-01-01T06:00Z',
      '2026-01-01T18:00Z',
      '2026-01-02T06:00Z',
    ]);
  });

  it('of an interval are multiples since 1970, moved by the phase', () => {
    expect(slots({ every: '1h30m' }, '1970-01-01T00:00Z', 2)).toEqual(['1970-01-01T01:30Z', '1970-01-01T03:00Z']);
    expect(slots({ every: '1h', phase: '10m' }, '2026-01-01T00:10Z', 2)).toEqual([
      '2026-01-01T01:10Z',
      '2026-01-01T02:10Z',
    ]);
    expect(slots({ cron: '@every 5m' }, '2026-01-01T00:04:59.999Z', 1)).toEqual(['2026-01-01T00:05Z']);
  });

  it('at an instant is one', () => {
    const at = new Date('2026-05-01T10:00Z');

    expect(slots({ at }, '2026-01-01T00:00Z', 5)).toEqual(['2026-05-01T10:00Z']);
    expect(slots({ at }, '2026-05-01T10:00Z', 5)).toEqual([]);
  });

  it('lie from starts_at up to, and not at, ends_at', () => {
    const input = { cron: '@daily', startsAt: new Date('2026-01-02T00:00Z'), endsAt: new Date('2026-01-04T00:00Z') };

    expect(slots(input, '2020-01-01T00:00Z', 5)).toEqual(['2026-01-02T00:00Z', '2026-01-03T00:00Z']);
  });

  it('do not lie on excluded days of the zone', () => {
    const exclude = ['2026-12-24..2026-12-26', '12-31..01-01'];

    expect(slots({ cron: '30 1 * * *', timezone: 'Asia/Tokyo', exclude }, '2026-12-22T12:00Z', 6)).toEqual([
      '2026-12-22T16:30Z',
      '2026-12-26T16:30Z',
      '2026-12-27T16:30Z',
      '2026-12-28T16:30Z',
      '2026-12-29T16:30Z',
      '2027-01-01T16:30Z',
    ]);
  });

  it('are none when all their days are excluded', () => {
    expect(slots({ cron: '0 0 25 12 *', exclude: ['12-25'] }, '2026-01-01T00:00Z', 1)).toEqual([]);
    expect(slots({ cron: '* * * * * *', exclude: ['01-01..12-31'] }, '2026-01-01T00:00Z', 1)).toEqual([]);
  });

  it('rise, and the latest at a slot is that slot', () => {
    fc.assert(
      fc.property(
        anyInput(),
        fc.date({ min: new Date('2000-01-01'), max: new Date('2050-01-01'), noInvalidDate: true }),
        (input, after) => {
          const spec = parseSpec(input);
          const found = nextSlots(spec, after, 4);
          const times = [after, ...found].map((at) => at.getTime());

          expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
          for (const at of found) expect(latestSlot(spec, at)).toEqual(at);
          const [first, second] = found;
          if (first && second) expect(latestSlot(spec, new Date(second.getTime() - 1))).toEqual(first);
          if (first) expect(nextSlot(spec, new Date(first.getTime() - 1))).toEqual(first);
        },
      ),
      { numRuns: 80 },
    );
  });
});

describe('a spec is refused', () => {
  it.each<[string, SpecInput, string]>([
    ['without a rule', {}, 'cron must be given, or every, or at; exactly one of them'],
    ['with two rules', { cron: '@daily', every: '1h' }, 'exactly one of them'],
    ['without expressions', { cron: [] }, 'cron must be 1 to 20 expressions'],
    [
      'naming the expression',
      { cron: ['@daily', '61 * * * *'] },
      'cron[1] the minute takes 0-59, not "61" (character 1 of',
    ],
    ['with less than a second', { every: 500 }, 'every must be whole seconds, from 1s to 3650d'],
    ['with half a second', { every: '1500ms' }, 'every must be whole seconds, from 1s to 3650d; got 1500 ms'],
    [
      'with a bad duration',
      { cron: '@every tomorrow' },
      'cron @every takes whole seconds from 1s to 3650d, such as 90s or 1h30m (character 8 of "@every tomorrow")',
    ],
    ['with an interval among expressions', { cron: ['@daily', '@every 5m'] }, 'cron[1] @every stands alone'],
    ['without a duration', { cron: '@every' }, '(character 7 of "@every")'],
    ['with a phase that is too long', { every: '1h', phase: '1h' }, 'phase must be less than every'],
    ['with a phase of no interval', { cron: '@daily', phase: '1h' }, 'phase goes with every only'],
    [
      'with a zone nobody knows',
      { cron: '@daily', timezone: 'Mars/Base' },
      'timezone must be an IANA time zone such as Europe/Berlin (character 1 of "Mars/Base")',
    ],
    ['with a zone in the wrong place', { cron: '@daily', timezone: 'berlin' }, 'did you mean Europe/Berlin?'],
    [
      'with a slip of the pen',
      { cron: '@daily', timezone: 'Europe/Berlinn' },
      'did you mean Europe/Berlin? (character 14 of "Europe/Berlinn")',
    ],
    ['with spaces', { cron: '@daily', timezone: ' Europe / Berlin' }, 'did you mean Europe/Berlin?'],
    ['with an offset as zone', { cron: '@daily', timezone: '+02:00' }, 'did you mean Etc/GMT-2?'],
    ['with an offset to the west', { cron: '@daily', timezone: 'UTC-5' }, 'did you mean Etc/GMT+5?'],
    ['with an offset that has no name', { cron: '@daily', timezone: '+05:30' }, 'time zone such as Europe/Berlin'],
    [
      'with an abbreviation of several zones',
      { cron: '@daily', timezone: 'BST' },
      'timezone must be an IANA time zone',
    ],
    ['with a Z', { cron: '@daily', timezone: 'Z' }, 'did you mean UTC?'],
    [
      'with a day that is none',
      { cron: '@daily', exclude: ['12-25', '2026-02-30'] },
      'such as 2026-12-24..2027-01-02; got "2026-02-30"',
    ],
    ['with a range backwards', { cron: '@daily', exclude: ['2026-02-03..2026-02-01'] }, 'exclude[0] must be'],
    [
      'that ends before it starts',
      { every: '1h', startsAt: new Date(2), endsAt: new Date(1) },
      'ends_at must be after starts_at',
    ],
    ['at no instant', { at: new Date(Number.NaN) }, 'at must be a valid instant'],
  ])('%s', (_why, input, message) => {
    expect(() => parseSpec(input)).toThrow(InvalidSchedule);
    expect(() => parseSpec(input)).toThrow(message);
  });

  it('with every fault at once', () => {
    expect(() => parseSpec({ cron: 'x', timezone: 'y', exclude: ['z'] })).toThrow(/timezone .*cron .*exclude\[0\]/);
  });
});

function anyInput(): fc.Arbitrary<SpecInput> {
  const timezone = fc.constantFrom(
    'UTC',
    'America/New_York',
    'Australia/Lord_Howe',
    'Pacific/Apia',
    'Africa/Casablanca',
  );
  const cron = fc.constantFrom('* * * * * *', '*/7 * * * *', '30 1,2 * * *', '0 0 L * *', '0 12 * * 5#2', '0 0 29 2 *');
  const exclude = fc.constantFrom<string[]>([], ['12-25', '03-08'], ['06-01..08-31']);
  return fc.oneof(
    fc.record({ cron, timezone, exclude }),
    fc.record({ every: fc.integer({ min: 1, max: 100_000 }).map((seconds) => seconds * 1_000), exclude }),
  );
}
