import { InvalidDuration, parseDuration } from '@millrace/contracts';
import { CronTime } from 'cron';

/** When a schedule fires; made by `parseSpec`. */
export type Spec = CronSpec | EverySpec;

export interface CronSpec {
  readonly kind: 'cron';
  /** As it was written. */
  readonly source: string;
  readonly time: CronTime;
}

export interface EverySpec {
  readonly kind: 'every';
  readonly source: string;
  readonly everyMs: number;
}

/** Thrown by `parseSpec`; the message names the part that is wrong and what it may be. */
export class InvalidSpec extends Error {
  constructor(
    readonly source: string,
    readonly reason: string,
    options?: ErrorOptions,
  ) {
    super(`Schedule "${source}": ${reason}`, options);
    this.name = 'InvalidSpec';
  }
}

const DESCRIPTORS: Readonly<Record<string, string>> = {
  '@yearly': '0 0 0 1 1 *',
  '@annually': '0 0 0 1 1 *',
  '@monthly': '0 0 0 1 * *',
  '@weekly': '0 0 0 * * 0',
  '@daily': '0 0 0 * * *',
  '@midnight': '0 0 0 * * *',
  '@hourly': '0 0 * * * *',
};

const FIELDS = [
  { name: 'second', values: '0-59' },
  { name: 'minute', values: '0-59' },
  { name: 'hour', values: '0-23' },
  { name: 'day of month', values: '1-31' },
  { name: 'month', values: '1-12 or jan-dec' },
  { name: 'day of week', values: '0-7 or sun-sat, 0 and 7 are Sunday' },
] as const;

const MIN_EVERY_MS = 1_000;

/**
 * Reads when a schedule fires:
 *
 * - five cron fields (minute, hour, day of month, month, day of week) or six, with the second in front; each `*`, values,
 *   ranges, lists and steps. When both day fields are restricted, a day that matches either counts;
 * - `@yearly @annually @monthly @weekly @daily @midnight @hourly`;
 * - `@every <duration>` in whole seconds. Its moments are multiples of the duration since 1970, so that every replica,
 *   whenever it started, means the same ones.
 *
 * Throws `InvalidSpec`, also for a date that never comes, such as 30 February.
 */
export function parseSpec(source: string): Spec {
  const text = source.trim();
  if (/^@every\b/.test(text)) return parseEvery(source, text.slice('@every'.length).trim());
  if (!text.startsWith('@')) return parseCron(source, text);
  const fields = DESCRIPTORS[text];
  if (fields !== undefined) return parseCron(source, fields);
  throw new InvalidSpec(
    source,
    `unknown descriptor; known are ${Object.keys(DESCRIPTORS).join(' ')} @every <duration>`,
  );
}

/**
 * The first moment after `from`, or null when none comes within eight years of now. Cron fields are read on the clock
 * of `timezone` (an IANA name); `@every` is elapsed time and has none.
 */
export function nextRun(spec: Spec, from: Date, timezone = 'UTC'): Date | null {
  if (spec.kind === 'every') return new Date(slotOfEvery(spec, from.getTime()) + spec.everyMs);
  try {
    return spec.time.getNextDateFrom(from, timezone).toJSDate();
  } catch {
    // CronTime has one way of saying "none in sight", and throws nothing else for a spec it has parsed.
    return null;
  }
}

/** The last moment before `from`, or null when there was none in the ten years before. */
export function previousRun(spec: Spec, from: Date, timezone = 'UTC'): Date | null {
  return slotOf(spec, new Date(from.getTime() - 1), timezone);
}

/** The slot an instant belongs to: the last moment at or before it, or null when there was none in ten years. */
export function slotOf(spec: Spec, at: Date, timezone = 'UTC'): Date | null {
  if (spec.kind === 'every') return new Date(slotOfEvery(spec, at.getTime()));
  const comesBy = (fromMs: number) => {
    const next = nextRun(spec, new Date(fromMs), timezone);
    return next !== null && next <= at;
  };

  // Looks back twice as far each time, then halves the span until one second is left: about sixty steps for any spec.
  let late = Math.floor(at.getTime() / 1_000) * 1_000;
  let span = 1_000;
  while (!comesBy(late - span)) {
    if (span > LOOK_BACK_MS) return null;
    span *= 2;
  }
  let early = late - span;
  while (late - early > 1_000) {
    const middle = early + Math.floor((late - early) / 2_000) * 1_000;
    if (comesBy(middle)) early = middle;
    else late = middle;
  }
  return nextRun(spec, new Date(early), timezone);
}

const LOOK_BACK_MS = 10 * 366 * 86_400_000;

const slotOfEvery = ({ everyMs }: EverySpec, atMs: number) => Math.floor(atMs / everyMs) * everyMs;

function parseEvery(source: string, text: string): EverySpec {
  try {
    const everyMs = parseDuration(text);
    if (everyMs >= MIN_EVERY_MS && everyMs % 1_000 === 0) return { kind: 'every', source, everyMs };
  } catch (error) {
    if (!(error instanceof InvalidDuration)) throw error;
    throw new InvalidSpec(source, `@every ${error.message}`, { cause: error });
  }
  throw new InvalidSpec(source, '@every must be whole seconds, at least 1s');
}

function parseCron(source: string, text: string): CronSpec {
  const parts = text.split(/\s+/).filter(Boolean);
  if (parts.length !== 5 && parts.length !== 6) {
    throw new InvalidSpec(source, `must have five fields, or six with the second in front; got ${parts.length}`);
  }
  const six = parts.length === 6 ? parts : ['0', ...parts];
  six.forEach((part, index) => checkField(source, part, index));

  const spec: CronSpec = { kind: 'cron', source, time: new CronTime(six.join(' '), 'UTC') };
  if (nextRun(spec, new Date()) === null) throw new InvalidSpec(source, 'is a date that never comes');
  return spec;
}

/** Each field is tried alone, because an error for the whole line would not say which one is wrong. */
function checkField(source: string, part: string, index: number): void {
  const alone = FIELDS.map((_field, other) => (other === index ? part : '*')).join(' ');
  const { valid } = CronTime.validateCronExpression(alone);
  // CronTime also takes values such as `1-3/`: an empty range, step or list item is always a slip.
  if (valid && !/(?:^|[,/-])(?:$|[,/-])/.test(part)) return;
  const field = FIELDS[index];
  throw new InvalidSpec(
    source,
    `${field?.name} must be *, or values, ranges, lists and steps of ${field?.values}; got "${part}"`,
  );
}
