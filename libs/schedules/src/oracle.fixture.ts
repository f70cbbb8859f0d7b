/**
 * Finds slots the slow way, sharing nothing with the code under test: it walks the minutes of real time, asks Intl what each
 * shows on the wall, and looks whether that matches. For expressions of five fields.
 */

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** One minute of real time and what the zone's clock shows then, as if in UTC. */
export interface WalkedMinute {
  readonly atMs: number;
  readonly wallMs: number;
}

/** The minutes from one instant up to another. */
export function walk(zone: string, fromMs: number, toMs: number): WalkedMinute[] {
  const clock = wallClock(zone);
  const minutes: WalkedMinute[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += MINUTE_MS) minutes.push({ atMs, wallMs: clock(atMs) });
  return minutes;
}

/** What the zone's clock shows at an instant. */
export function wallClock(zone: string): (atMs: number) => number {
  const format = new Intl.DateTimeFormat('sv-SE', { timeZone: zone, dateStyle: 'short', timeStyle: 'medium' });
  return (atMs) => Date.parse(`${format.format(atMs).replace(' ', 'T')}Z`);
}

/** Slots of an expression whose hour is a star: every minute that matches. */
export function slotsOfRhythm(minutes: readonly WalkedMinute[], matches: (wall: Date) => boolean): number[] {
  return minutes.filter(({ wallMs }) => matches(new Date(wallMs))).map(({ atMs }) => atMs);
}

/** Slots of times of the day: each minute of the wall clock the first time it is reached or passed. */
export function slotsOfTimes(minutes: readonly WalkedMinute[], matches: (wall: Date) => boolean): number[] {
  const slots: number[] = [];
  // A day of warming up: what the clock had shown before the walk began is not known.
  let reachedMs = minutes[0]?.wallMs ?? 0;
  for (const { atMs, wallMs } of minutes) {
    let matched = false;
    for (; reachedMs < wallMs; reachedMs += MINUTE_MS) {
      if (matches(new Date(reachedMs + MINUTE_MS))) matched = true;
    }
    if (matched) slots.push(atMs);
  }
  return slots;
}

/** What a zone's clock shows every six hours, and where its offset has changed since the look before. */
export function lookAt(zone: string, fromMs: number, toMs: number) {
  const clock = wallClock(zone);
  const looks: WalkedMinute[] = [];
  for (let atMs = fromMs; atMs < toMs; atMs += 6 * 60 * MINUTE_MS) looks.push({ atMs, wallMs: clock(atMs) });
  const offsets = looks.map(({ atMs, wallMs }) => wallMs - atMs);
  const changes = looks.filter((_look, index) => index > 0 && offsets[index] !== offsets[index - 1]);
  return { looks, changes, behaviour: offsets.join() };
}

/** Whether a wall-clock minute matches five fields: numbers, lists, ranges, steps, `L`, `LW`, `15W`, `5#2`, `5L`. */
export function matcher(expression: string): (wall: Date) => boolean {
  const [minute = '', hour = '', monthDay = '', month = '', weekday = ''] = expression.split(' ');
  return (wall) =>
    wall.getUTCSeconds() === 0 &&
    holds(minute, wall.getUTCMinutes(), 0, 59) &&
    holds(hour, wall.getUTCHours(), 0, 23) &&
    holds(month, wall.getUTCMonth() + 1, 1, 12) &&
    holdsDay(monthDay, weekday, wall);
}

function holdsDay(monthDay: string, weekday: string, wall: Date): boolean {
  const byMonth = monthDay.split(',').some((item) => holdsMonthDay(item, wall));
  const byWeek = weekday.split(',').some((item) => holdsWeekday(item, wall));
  if (monthDay === '*') return byWeek;
  if (weekday === '*') return byMonth;
  return byMonth || byWeek;
}

function holdsMonthDay(item: string, wall: Date): boolean {
  const day = wall.getUTCDate();
  const last = lastDayOf(wall);
  if (item === 'L') return day === last;
  if (item === 'LW') return day === nearestWeekday(wall, last);
  if (item.endsWith('W'))
    return Number.parseInt(item, 10) <= last && day === nearestWeekday(wall, Number.parseInt(item, 10));
  return holds(item, day, 1, 31);
}

function holdsWeekday(item: string, wall: Date): boolean {
  const day = wall.getUTCDate();
  const [weekday = '', nth] = item.split('#');
  if (nth !== undefined) return Number(weekday) % 7 === wall.getUTCDay() && Math.ceil(day / 7) === Number(nth);
  if (item.endsWith('L')) return Number.parseInt(item, 10) % 7 === wall.getUTCDay() && day + 7 > lastDayOf(wall);
  return holds(item, wall.getUTCDay(), 0, 6) || (wall.getUTCDay() === 0 && holds(item, 7, 0, 7));
}

const lastDayOf = (wall: Date): number =>
  new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth() + 1, 0)).getUTCDate();

function nearestWeekday(wall: Date, target: number): number {
  const isWeekday = (day: number) => {
    const date = new Date(Date.UTC(wall.getUTCFullYear(), wall.getUTCMonth(), day));
    return date.getUTCMonth() === wall.getUTCMonth() && date.getUTCDay() % 6 !== 0;
  };
  return [0, -1, 1, -2, 2].map((step) => target + step).find(isWeekday) ?? target;
}

function holds(field: string, value: number, min: number, max: number): boolean {
  return field.split(',').some((item) => {
    const [span = '', step = '1'] = item.split('/');
    const [from = min, to = span === '*' ? max : from] = span === '*' ? [] : span.split('-').map(Number);
    return value >= from && value <= to && (value - from) % Number(step) === 0;
  });
}

/** Days, for a readable test. */
export const days = (count: number): number => count * DAY_MS;
