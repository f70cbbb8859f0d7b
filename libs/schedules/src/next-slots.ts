import type { CronExpression } from './cron-expression';
import { endOfExclusion } from './exclusion';
import type { ScheduleSpec, SpecRule } from './schedule-spec';
import type { TimeZone } from './time-zone';

/** Slots are instants in whole milliseconds of the epoch everywhere in here. */
type Ms = number;

/** Excluded stretches that one search skips; a schedule whose every slot is excluded then has none. */
const MAX_SKIPS = 1_000;

/** And how far it goes for that: to know the clock of a zone for a thousand years takes seconds. */
const SKIP_MS = 15 * 366 * 86_400_000;

/** A date that comes at all comes within this, even around a year 2100 without a leap day. */
const HORIZON_MS = 40 * 366 * 86_400_000;

const TWO_DAYS_MS = 2 * 86_400_000;

/**
 * The first `count` slots after an instant, fewer when there are no more.
 *
 * What the clock of the zone does to cron expressions:
 * - a time of the day (a fixed hour) that is skipped fires once at the end of the jump; one that comes twice fires the
 *   first time only;
 * - a rhythm (any hour) follows the clock: what is skipped does not fire, what comes twice fires twice.
 */
export function nextSlots(spec: ScheduleSpec, after: Date, count: number): Date[] {
  const slots: Date[] = [];
  for (let at = nextSlot(spec, after); at && slots.length < count; at = nextSlot(spec, at)) slots.push(at);
  return slots;
}

/** The first slot after an instant; null when none comes. Ten years or more ahead it may also say null. */
export function nextSlot(spec: ScheduleSpec, after: Date): Date | null {
  const fromMs = Math.max(after.getTime(), spec.startsAtMs - 1);
  let afterMs = fromMs;
  for (let skips = 0; skips < MAX_SKIPS && afterMs - fromMs < SKIP_MS; skips += 1) {
    const slotMs = nextOf(spec.rule, spec.zone, afterMs);
    if (slotMs === null || slotMs >= spec.endsAtMs) return null;
    const freeMs = spec.exclusions.length === 0 ? null : endOfExclusion(spec.exclusions, spec.zone, slotMs);
    if (freeMs === null) return new Date(slotMs);
    afterMs = freeMs - 1;
  }
  return null;
}

/** The last slot at or before an instant; null when there was none in the ten years before. */
export function latestSlot(spec: ScheduleSpec, at: Date): Date | null {
  const comesBy = (fromMs: Ms) => {
    const next = nextSlot(spec, new Date(fromMs));
    return next !== null && next <= at;
  };

  // Looks back twice as far each time, then halves the span to one millisecond: about eighty steps for any spec.
  let late = at.getTime();
  let spanMs = 1;
  while (!comesBy(late - spanMs)) {
    if (spanMs > LOOK_BACK_MS) return null;
    spanMs *= 2;
  }
  let early = late - spanMs;
  while (late - early > 1) {
    const middle = early + Math.floor((late - early) / 2);
    if (comesBy(middle)) early = middle;
    else late = middle;
  }
  return nextSlot(spec, new Date(early));
}

const LOOK_BACK_MS = 10 * 366 * 86_400_000;

function nextOf(rule: SpecRule, zone: TimeZone, afterMs: Ms): Ms | null {
  switch (rule.kind) {
    case 'at':
      return rule.atMs > afterMs ? rule.atMs : null;
    case 'every': {
      const { everyMs, phaseMs } = rule;
      return (Math.floor((afterMs - phaseMs) / everyMs) + 1) * everyMs + phaseMs;
    }
    case 'cron': {
      const next = rule.expressions.map((expression) => nextOfCron(expression, zone, afterMs));
      return next.reduce((first, at) => (first === null || (at !== null && at < first) ? at : first), null);
    }
    default:
      return rule satisfies never;
  }
}

const nextOfCron = (expression: CronExpression, zone: TimeZone, afterMs: Ms): Ms | null =>
  expression.anyHour ? nextOfRhythm(expression, zone, afterMs) : nextOfTime(expression, zone, afterMs);

/** Each reading counts the first time the clock comes to it or past it. */
function nextOfTime(expression: CronExpression, zone: TimeZone, afterMs: Ms): Ms | null {
  const wallMs = expression.nextWall(zone.furthestWall(afterMs));
  return wallMs === null ? null : zone.firstReach(wallMs);
}

/** Each period counts alone, from its first reading to its last. */
function nextOfRhythm(expression: CronExpression, zone: TimeZone, afterMs: Ms): Ms | null {
  let fromMs = afterMs;
  let period = zone.periodAt(afterMs);
  while (fromMs - afterMs < HORIZON_MS) {
    const wallMs = expression.nextWall(fromMs + period.offsetMs);
    if (wallMs === null) return null;
    const slotMs = wallMs - period.offsetMs;
    if (slotMs < period.endMs) return slotMs;

    const next = zone.periodAt(period.endMs);
    // Only readings that the next period repeats can match sooner; further periods up to the match hold none.
    fromMs = period.endMs - 1;
    const repeated = expression.nextWall(fromMs + next.offsetMs);
    if (repeated !== null && repeated - next.offsetMs >= next.endMs && slotMs - TWO_DAYS_MS > next.endMs) {
      period = zone.periodAt(slotMs - TWO_DAYS_MS);
      fromMs = period.startMs - 1;
    } else {
      period = next;
    }
  }
  return null;
}
