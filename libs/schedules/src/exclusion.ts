import type { TimeZone } from './time-zone';

/** Days of the schedule's zone on which nothing fires; made by `parseExclusion`. Days are epoch days of the wall clock. */
export interface Exclusion {
  /** As it was written. */
  readonly source: string;
  /** The last day of the excluded stretch that a day is in; null when the day is not excluded. */
  lastDayFrom(day: number): number | null;
}

const DAY_MS = 86_400_000;
const DATE = /^(\d{4})-(\d{2})-(\d{2})$/;
const YEARLY = /^(\d{2})-(\d{2})$/;

/**
 * Reads days to leave out: a date `2026-12-25`, a day of every year `12-25`, or a range of either with both ends included,
 * `2026-12-24..2027-01-02` or `12-24..01-02`. Null when it is none of them.
 */
export function parseExclusion(source: string): Exclusion | null {
  const [first = '', last = first, more] = source.trim().split('..');
  if (more !== undefined) return null;
  return rangeOfDates(source, first.trim(), last.trim()) ?? rangeOfEveryYear(source, first.trim(), last.trim());
}

/** The first instant after the excluded stretch that an instant is in; null when its day is not excluded. */
export function endOfExclusion(exclusions: readonly Exclusion[], zone: TimeZone, instantMs: number): number | null {
  const day = Math.floor(zone.wallOf(instantMs) / DAY_MS);
  const last = Math.max(...exclusions.map((exclusion) => exclusion.lastDayFrom(day) ?? Number.NEGATIVE_INFINITY));
  return Number.isFinite(last) ? zone.firstReach((last + 1) * DAY_MS) : null;
}

function rangeOfDates(source: string, first: string, last: string): Exclusion | null {
  const from = dayOf(DATE.exec(first));
  const to = dayOf(DATE.exec(last));
  if (from === null || to === null || to < from) return null;
  return { source, lastDayFrom: (day) => (day >= from && day <= to ? to : null) };
}

function rangeOfEveryYear(source: string, first: string, last: string): Exclusion | null {
  const from = yearlyOf(first);
  const to = yearlyOf(last);
  if (from === null || to === null) return null;
  const wraps = to < from;
  const holds = (key: number) => (wraps ? key >= from || key <= to : key >= from && key <= to);
  return { source, lastDayFrom: (day) => (holds(keyOf(day)) ? day : null) };
}

/** Month and day as one number that sorts. */
const keyOf = (day: number): number => {
  const date = new Date(day * DAY_MS);
  return (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
};

/** A leap year, so that 29 February may be named. */
function yearlyOf(text: string): number | null {
  const [, month, day] = YEARLY.exec(text) ?? [];
  const leap = month === undefined ? null : dayOf(['', '2000', month, day ?? '']);
  return leap === null ? null : keyOf(leap);
}

function dayOf(parts: readonly string[] | null): number | null {
  if (!parts) return null;
  const [year = 0, month = 0, day = 0] = parts.slice(1).map(Number);
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists = date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists ? date.getTime() / DAY_MS : null;
}
