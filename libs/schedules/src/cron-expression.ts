import { Cron } from 'croner';
import { FIELDS, readField, type Field, type Piece } from './cron-field';
import { CronSyntaxError } from './invalid-schedule';

/** When a cron expression comes true, on a wall clock that knows no zone; made by `parseCron`. */
export interface CronExpression {
  /** As it was written. */
  readonly source: string;
  /**
   * Whether the hour is `*`, with or without a step, or all of them: then the expression means a rhythm, which goes on through an hour that
   * the clock repeats; else it means times of the day, each of which comes once.
   */
  readonly anyHour: boolean;
  /** The first match after a wall-clock reading, both as epoch ms of the same reading in UTC; null: never again. */
  nextWall(afterMs: number): number | null;
}

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
};

/** Longest expression, in characters. */
const MAX_LENGTH = 256;

/** Parsed expressions that are kept; each takes about 90 KB. */
const KEPT = 300;
const kept = new Map<string, CronExpression>();

/** Days of each month in a leap year. */
const MONTH_DAYS = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

const ZONE = /^(?:CRON_)?TZ=/i;
const YEAR = /^(?:19|20)\d\d$/;

/**
 * Reads a cron expression:
 *
 * - five fields (minute, hour, day of month, month, day of week), or six with the second in front. Each is `*`, a value, a
 *   range, a list or a step; months and weekdays also by name, 0 and 7 are Sunday;
 * - in the day of month `L` (last day), `LW` (last weekday), `15W` (weekday nearest the 15th, within the month);
 * - in the day of week `5#2` (second Friday), `5L` (last Friday). When both day fields are restricted, a day that matches
 *   either counts;
 * - `@yearly @annually @monthly @weekly @daily @midnight @hourly`.
 *
 * Throws `CronSyntaxError`, also for a date that never comes, such as 30 February.
 */
export function parseCron(source: string): CronExpression {
  const known = kept.get(source);
  if (known) return known;
  const parsed = parse(source);
  if (kept.size >= KEPT) kept.delete(kept.keys().next().value ?? '');
  kept.set(source, parsed);
  return parsed;
}

function parse(source: string): CronExpression {
  if (source.length > MAX_LENGTH) {
    throw new CronSyntaxError(source.slice(0, MAX_LENGTH), MAX_LENGTH, `must be at most ${MAX_LENGTH} characters`);
  }
  const pieces = piecesOf(source);
  const [first] = pieces;
  if (first && ZONE.test(first.text)) {
    throw new CronSyntaxError(source, first.at + 1, 'takes no time zone; that is a field of its own, timezone');
  }
  if (first?.text.startsWith('@')) return compile(source, piecesOf(describe(source, pieces)));
  return compile(source, pieces);
}

function describe(source: string, [name, more]: readonly Piece[]): string {
  if (name?.text.toLowerCase() === '@every') {
    throw new CronSyntaxError(source, name.at + 1, '@every stands alone, without other expressions');
  }
  if (more) throw new CronSyntaxError(source, more.at + 1, `nothing may follow ${name?.text}`);
  const fields = DESCRIPTORS[name?.text.toLowerCase() ?? ''];
  if (fields !== undefined) return fields;
  const reason = `unknown descriptor; known are ${Object.keys(DESCRIPTORS).join(' ')} and @every <duration>`;
  throw new CronSyntaxError(source, (name?.at ?? 0) + 1, reason);
}

function compile(source: string, pieces: readonly Piece[]): CronExpression {
  const six = withSecond(source, pieces);
  const fields = FIELDS.flatMap((rule, index) => {
    const piece = six[index];
    return piece ? [readField(source, rule, piece)] : [];
  });

  const [, , , monthDay, month, weekday] = fields;
  if (monthDay && month && weekday && !hasDate(monthDay, month, weekday)) {
    throw new CronSyntaxError(source, (six[3]?.at ?? 0) + 1, 'is a date that never comes');
  }

  // The wall clock is read as UTC here: what zones do to it is `slotsOfCron`'s business, not the library's.
  const calendar = new Cron(fields.map(({ canonical }) => canonical).join(' '), { utcOffset: 0, mode: '6-part' });
  const nextWall = (afterMs: number) => calendar.nextRun(new Date(afterMs))?.getTime() ?? null;
  return { source, anyHour: fields[2]?.wild ?? false, nextWall };
}

/** Whether a month of the expression has a day of it, in some year; a day of the week comes in any month sooner or later. */
function hasDate(monthDay: Field, month: Field, weekday: Field): boolean {
  if (weekday.canonical !== '*' || monthDay.canonical === '*') return true;
  const months = month.canonical === '*' ? [1] : month.canonical.split(',').map(Number);
  const lastDay = Math.max(...months.map((number) => MONTH_DAYS[number - 1] ?? 0));
  return monthDay.canonical.split(',').some((day) => day.startsWith('L') || Number.parseInt(day, 10) <= lastDay);
}

function withSecond(source: string, pieces: readonly Piece[]): readonly Piece[] {
  const last = pieces.at(-1);
  if (last && pieces.length >= 6 && YEAR.test(last.text)) {
    throw new CronSyntaxError(source, last.at + 1, 'has no field for a year');
  }
  if (pieces.length === 6) return pieces;
  if (pieces.length === 5) return [{ text: '0', at: 0 }, ...pieces];
  const reason = `must have five fields, or six with the second in front; got ${pieces.length}`;
  throw new CronSyntaxError(source, (pieces[6]?.at ?? source.length) + 1, reason);
}

const piecesOf = (text: string): Piece[] =>
  [...text.matchAll(/\S+/g)].map((match) => ({ text: match[0], at: match.index }));
