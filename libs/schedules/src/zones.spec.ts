import { Cron } from 'croner';
import { CronTime } from 'cron';
import { CronExpressionParser } from 'cron-parser';
import { afterAll, describe, expect, it } from 'vitest';
import { nextSlot } from './next-slots';
import { days, lookAt, matcher, slotsOfRhythm, slotsOfTimes, walk } from './oracle.fixture';
import { parseSpec } from './schedule-spec';
import { TimeZone } from './time-zone';

/**
 * `ALL_ZONES=1` compares every zone there is over five years; a minute or two. `ALL_ZONES=libraries` also counts how far the
 * libraries are from the rule; much longer. Without either some zones whose clocks do unusual things, in one year, stand for
 * all. Zones whose clocks show the same all that time are walked through once.
 */
const ALL = process.env.ALL_ZONES !== undefined;
const WITH_LIBRARIES = process.env.ALL_ZONES === 'libraries';
const FROM = Date.UTC(ALL ? 2024 : 2026, 0, 1);
const TO = Date.UTC(ALL ? 2029 : 2027, 0, 1);

const UNUSUAL = [
  'America/New_York',
  'America/Santiago',
  'America/Sao_Paulo',
  'America/Scoresbysund',
  'America/St_Johns',
  'Africa/Cairo',
  'Africa/Casablanca',
  'Antarctica/Troll',
  'Asia/Beirut',
  'Asia/Gaza',
  'Asia/Kathmandu',
  'Asia/Tehran',
  'Atlantic/Azores',
  'Australia/Lord_Howe',
  'Europe/Dublin',
  'Pacific/Apia',
  'Pacific/Chatham',
  'Pacific/Kiritimati',
];
const ZONES = ALL ? Intl.supportedValuesOf('timeZone') : UNUSUAL;

const TIMEOUT_MS = ALL ? 600_000 : 30_000;

/** On both sides of a change: more than the longest repeated hour. */
const PROBED_MS = 9 * 3_600_000;

const walked = new Map<string, string>();

const RHYTHMS = ['*/10 * * * *', '30 * * * *', '5 */2 * * *', '0,45 * * * 0'];
const TIMES = ['0 0 * * *', '30 2 * * *', '15,45 1-3 * * *', '*/20 0,23 * * *', '0 12 L * *', '59 23 * * 6,0'];

/** Next slots by three libraries, each told the zone. */
const LIBRARIES: Readonly<
  Record<string, (expression: string, zone: string) => (afterMs: number) => number | undefined>
> = {
  croner: (expression, timezone) => {
    const cron = new Cron(expression, { timezone });
    return (afterMs) => cron.nextRun(new Date(afterMs))?.getTime();
  },
  cron: (expression, zone) => {
    const cron = new CronTime(expression, zone);
    return (afterMs) => cron.getNextDateFrom(new Date(afterMs), zone).toMillis();
  },
  'cron-parser': (expression, tz) => (afterMs) =>
    CronExpressionParser.parse(expression, { tz, currentDate: new Date(afterMs) })
      .next()
      .getTime(),
};

const differences = new Map<string, number>();

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

describe.each(ZONES)('in %s', (name) => {
  it(
    'the clock shows what Intl says, and the slots are those that a walk over the minutes finds',
    () => {
      const { looks, changes, behaviour } = lookAt(name, FROM, TO);
      const zone = new TimeZone(name);
      expect(looks.filter(({ atMs, wallMs }) => zone.wallOf(atMs) !== wallMs)).toEqual([]);

      if (walked.has(behaviour)) return;
      walked.set(behaviour, name);
      // A plain stretch as well, for zones whose clocks are never changed.
      for (const atMs of [Date.UTC(2026, 1, 27), ...changes.map((change) => change.atMs)]) compareAround(name, atMs);
    },
    TIMEOUT_MS,
  );
});

function compareAround(zone: string, atMs: number): void {
  const minutes = walk(zone, atMs - days(3), atMs + days(1.5));
  const span = { fromMs: atMs - days(2), toMs: atMs + days(1.5) };
  for (const cron of [...RHYTHMS, ...TIMES]) {
    const spec = parseSpec({ cron, timezone: zone });
    const slotsOf = RHYTHMS.includes(cron) ? slotsOfRhythm : slotsOfTimes;
    const expected = slotsOf(minutes, matcher(cron)).filter((slotMs) => slotMs > span.fromMs);

    const found = slotsBetween((afterMs) => nextSlot(spec, new Date(afterMs))?.getTime(), span);
    expect(found, `${cron} in ${zone} around ${new Date(atMs).toISOString()}`).toEqual(expected);
    // Whoever asks in the middle of it gets the same.
    for (let probeMs = atMs - PROBED_MS; probeMs < atMs + PROBED_MS; probeMs += PROBED_MS / 20) {
      const next = nextSlot(spec, new Date(probeMs))?.getTime() ?? 0;
      if (next < span.toMs)
        expect(next, `${cron} in ${zone} after ${probeMs}`).toBe(expected.find((at) => at > probeMs));
    }

    if (WITH_LIBRARIES) countDifferences(cron, zone, { ...span, expected });
  }
}

afterAll(() => {
  if (!ALL) return;
  console.log(`${ZONES.length} zones, ${walked.size} of them unlike each other`);
  if (WITH_LIBRARIES) console.table([...differences].sort().map(([what, count]) => ({ what, count })));
});

function slotsBetween(next: (afterMs: number) => number | undefined, { fromMs, toMs }: Span): number[] {
  const slots: number[] = [];
  let atMs = next(fromMs);
  // One library goes back in time at some hours, and round and round.
  while (atMs !== undefined && atMs < toMs && slots.length < 1_000) {
    slots.push(atMs);
    atMs = next(atMs);
  }
  return slots;
}

function countDifferences(
  expression: string,
  zone: string,
  { expected, ...span }: Span & { readonly expected: readonly number[] },
): void {
  const kind = RHYTHMS.includes(expression) ? 'rhythm' : 'time of day';
  const add = (what: string, count: number) => differences.set(what, (differences.get(what) ?? 0) + count);
  add(`${kind}: windows`, 1);
  for (const [name, library] of Object.entries(LIBRARIES)) {
    const found = slotsByLibrary(library, { expression, zone, span });
    if (!found) {
      add(`${kind}: windows whose expression ${name} refuses`, 1);
      continue;
    }
    const differs = found.join() !== expected.join();
    if (!differs) continue;
    add(`${kind}: windows in which ${name} differs`, 1);
    if (found.length < expected.length) add(`${kind}: slots that ${name} leaves out`, expected.length - found.length);
    if (found.some((atMs, index) => atMs <= (found[index - 1] ?? 0)))
      add(`${kind}: windows in which ${name} goes back`, 1);
  }
}

/** Null: the library does not take the expression. */
function slotsByLibrary(
  library: (expression: string, zone: string) => (afterMs: number) => number | undefined,
  { expression, zone, span }: { readonly expression: string; readonly zone: string; readonly span: Span },
): number[] | null {
  try {
    return slotsBetween(library(expression, zone), span);
  } catch {
    return null;
  }
}
