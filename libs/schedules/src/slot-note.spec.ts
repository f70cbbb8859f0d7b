import { expect, it } from 'vitest';
import { noteOfSlot } from './slot-note';
import { findTimeZone } from './time-zone';

function note(at: string, timezone: string): string | null {
  const zone = findTimeZone(timezone);
  if (!zone) throw new Error(`no zone ${timezone}`);
  return noteOfSlot(new Date(at), zone);
}

it.each([
  ['2026-03-29T00:59:59Z', 'Europe/Berlin', null],
  ['2026-03-29T01:00:00Z', 'Europe/Berlin', 'the clock goes from 02:00 to 03:00 at this moment'],
  ['2026-03-29T01:00:01Z', 'Europe/Berlin', null],
  ['2011-12-30T10:00:00Z', 'Pacific/Apia', 'the clock goes from 2011-12-30 00:00 to 2011-12-31 00:00 at this moment'],
])('a slot at %s in %s tells of a jump forward: %s', (at, timezone, expected) => {
  expect(note(at, timezone)).toBe(expected);
});

it.each([
  ['2026-10-24T23:59:00Z', 'Europe/Berlin', null],
  ['2026-10-25T00:30:00Z', 'Europe/Berlin', 'the clock shows 02:30 twice; this is the first time'],
  ['2026-10-25T01:30:00Z', 'Europe/Berlin', 'the clock shows 02:30 twice; this is the second time'],
  ['2026-10-25T02:00:00Z', 'Europe/Berlin', null],
  ['2026-04-04T14:45:00Z', 'Australia/Lord_Howe', 'the clock shows 01:45 twice; this is the first time'],
  ['2026-04-04T15:15:00Z', 'Australia/Lord_Howe', 'the clock shows 01:45 twice; this is the second time'],
])('a slot at %s in %s tells which of two times it is: %s', (at, timezone, expected) => {
  expect(note(at, timezone)).toBe(expected);
});

it('a slot of a day like any other has no note, in any part of the year', () => {
  for (let month = 1; month <= 12; month += 1) {
    expect(note(`2026-${String(month).padStart(2, '0')}-15T12:00:00Z`, 'America/Santiago')).toBeNull();
  }
});
