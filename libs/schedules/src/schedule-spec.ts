import { InvalidDuration, MAX_DURATION_MS, parseDuration, type Duration } from '@millrace/contracts';
import { parseCron, type CronExpression } from './cron-expression';
import { parseExclusion, type Exclusion } from './exclusion';
import { CronSyntaxError, InvalidSchedule, type ScheduleFault } from './invalid-schedule';
import { findTimeZone, type TimeZone } from './time-zone';
import { timeZoneFault } from './time-zone-fault';

/** When a schedule fires, as it is written. Exactly one of `cron`, `every` and `at`. */
export interface SpecInput {
  /** One or more expressions; see `parseCron`. `@every 90s` stands for `every: '90s'`, when it is the only one. */
  readonly cron?: string | readonly string[];
  /** Elapsed time between slots, whole seconds. */
  readonly every?: Duration;
  /** With `every`: slots are multiples of it since 1970, moved by this. Whole milliseconds less than `every`; default 0. */
  readonly phase?: Duration;
  /** Once, at this instant. */
  readonly at?: Date;
  /** IANA name whose clock `cron` and `exclude` are read on; default UTC. */
  readonly timezone?: string;
  /** Days of that zone on which nothing fires; see `parseExclusion`. At most 500. */
  readonly exclude?: readonly string[];
  /** No slot before. */
  readonly startsAt?: Date;
  /** No slot at or after. */
  readonly endsAt?: Date;
}

/** What decides about the moments; made by `parseSpec`. */
export type SpecRule =
  | { readonly kind: 'cron'; readonly expressions: readonly CronExpression[] }
  | { readonly kind: 'every'; readonly everyMs: number; readonly phaseMs: number }
  | { readonly kind: 'at'; readonly atMs: number };

/** When a schedule fires; made by `parseSpec`. */
export interface ScheduleSpec {
  readonly rule: SpecRule;
  readonly zone: TimeZone;
  readonly exclusions: readonly Exclusion[];
  readonly startsAtMs: number;
  readonly endsAtMs: number;
}

const MIN_EVERY_MS = 1_000;
const MAX_EXPRESSIONS = 20;
const MAX_EXCLUSIONS = 500;
/** Characters of a bad entry that a message shows. */
const MAX_SHOWN = 40;
const EVERY = /^\s*@every(?!\S)\s*/i;

const EVERY_FAULT = '@every takes whole seconds from 1s to 3650d, such as 90s or 1h30m';

/**
 * Reads when a schedule fires.
 * Throws `InvalidSchedule` naming every bad field; faults of expressions carry the character.
 */
export function parseSpec(input: SpecInput): ScheduleSpec {
  const faults: ScheduleFault[] = [];
  const zone = readZone(input.timezone ?? 'UTC', faults);
  const rule = readRule(input, faults);
  const exclusions = readExclusions(input.exclude ?? [], faults);
  const startsAtMs = readInstant('starts_at', input.startsAt, faults) ?? Number.NEGATIVE_INFINITY;
  const endsAtMs = readInstant('ends_at', input.endsAt, faults) ?? Number.POSITIVE_INFINITY;
  if (endsAtMs <= startsAtMs) faults.push({ field: 'ends_at', message: 'must be after starts_at' });
  if (faults.length > 0 || !rule || !zone) throw new InvalidSchedule(faults);
  return { rule, zone, exclusions, startsAtMs, endsAtMs };
}

function readZone(name: string, faults: ScheduleFault[]): TimeZone | undefined {
  const zone = findTimeZone(name);
  if (!zone) faults.push({ field: 'timezone', ...timeZoneFault(name) });
  return zone;
}

function readRule({ cron, every, phase, at }: SpecInput, faults: ScheduleFault[]): SpecRule | null {
  const given = [cron, every, at].filter((part) => part !== undefined).length;
  if (given !== 1) {
    faults.push({ field: 'cron', message: 'must be given, or every, or at; exactly one of them' });
    return null;
  }
  if (phase !== undefined && every === undefined) faults.push({ field: 'phase', message: 'goes with every only' });
  if (at !== undefined) {
    const atMs = readInstant('at', at, faults);
    return atMs === null ? null : { kind: 'at', atMs };
  }
  if (every !== undefined) return readEvery('every', every, phase, faults);
  return readCron(cron ?? [], faults);
}

function readCron(cron: string | readonly string[], faults: ScheduleFault[]): SpecRule | null {
  const sources = typeof cron === 'string' ? [cron] : cron;
  const [only = ''] = sources;
  if (sources.length === 1 && EVERY.test(only)) {
    return readEveryDescriptor(only, faults);
  }
  if (sources.length === 0 || sources.length > MAX_EXPRESSIONS) {
    faults.push({ field: 'cron', message: `must be 1 to ${MAX_EXPRESSIONS} expressions` });
    return null;
  }
  const fieldOf = (index: number) => (typeof cron === 'string' ? 'cron' : `cron[${index}]`);
  const expressions = sources.flatMap((source, index) => readExpression(fieldOf(index), source, faults));
  return { kind: 'cron', expressions };
}

/** `@every` and a duration; its faults carry the character, as those of any expression. */
function readEveryDescriptor(source: string, faults: ScheduleFault[]): SpecRule | null {
  const from = EVERY.exec(source)?.[0].length ?? 0;
  const inner: ScheduleFault[] = [];
  const rule = readEvery('cron', source.slice(from).trimEnd(), undefined, inner);
  faults.push(
    ...inner.map(({ field }) => {
      const { message, position } = new CronSyntaxError(source, from + 1, EVERY_FAULT);
      return { field, message, position };
    }),
  );
  return rule;
}

function readExpression(field: string, source: string, faults: ScheduleFault[]): CronExpression[] {
  try {
    return [parseCron(source)];
  } catch (error) {
    if (!(error instanceof CronSyntaxError)) throw error;
    faults.push({ field, message: error.message, position: error.position });
    return [];
  }
}

function readEvery(
  field: string,
  every: Duration,
  phase: Duration | undefined,
  faults: ScheduleFault[],
): SpecRule | null {
  const everyMs = readDuration(field, every, faults);
  const phaseMs = phase === undefined ? 0 : readDuration('phase', phase, faults);
  if (everyMs === null || phaseMs === null) return null;
  if (everyMs < MIN_EVERY_MS || everyMs % 1_000 !== 0 || everyMs > MAX_DURATION_MS) {
    faults.push({ field, message: `must be whole seconds, from 1s to 3650d; got ${everyMs} ms` });
    return null;
  }
  if (phaseMs >= everyMs) faults.push({ field: 'phase', message: 'must be less than every' });
  return { kind: 'every', everyMs, phaseMs };
}

function readDuration(field: string, value: Duration, faults: ScheduleFault[]): number | null {
  try {
    return parseDuration(value);
  } catch (error) {
    if (!(error instanceof InvalidDuration)) throw error;
    faults.push({ field, message: error.message });
    return null;
  }
}

function readExclusions(sources: readonly string[], faults: ScheduleFault[]): Exclusion[] {
  if (sources.length > MAX_EXCLUSIONS) {
    faults.push({ field: 'exclude', message: `must be at most ${MAX_EXCLUSIONS} days or ranges` });
    return [];
  }
  return sources.flatMap((source, index) => {
    const exclusion = parseExclusion(source);
    if (exclusion) return [exclusion];
    const message = `must be 2026-12-25, 12-25 (every year), or a range of either such as 2026-12-24..2027-01-02; got "${source.slice(0, MAX_SHOWN)}"`;
    faults.push({ field: `exclude[${index}]`, message });
    return [];
  });
}

function readInstant(field: string, at: Date | undefined, faults: ScheduleFault[]): number | null {
  if (at === undefined) return null;
  const ms = at.getTime();
  if (ms >= 0 && ms < LAST_MS) return ms;
  faults.push({ field, message: 'must be a valid instant between the years 1970 and 9999' });
  return null;
}

const LAST_MS = 253_402_300_800_000;
