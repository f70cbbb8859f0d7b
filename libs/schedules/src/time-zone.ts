/** A stretch of time in which a zone keeps one offset; the zone may keep it longer. Epoch ms, `endMs` excluded. */
export interface ZonePeriod {
  readonly startMs: number;
  readonly endMs: number;
  /** Wall clock minus UTC. */
  readonly offsetMs: number;
}

/** Which release of the IANA time zone data the process computes with, such as `2025c`. */
export const ZONE_DATA_VERSION = process.versions.tz ?? 'unknown';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Periods are found and kept for spans of this length, about thirteen months. */
const SPAN_MS = 400 * DAY_MS;

/** Spans that a zone keeps: forty years of them. */
const KEPT_SPANS = 40;

/** No zone is further from UTC than this, so that a wall clock read as UTC is at most this wrong. */
const FAR_MS = 26 * HOUR_MS;

/** Abbreviations that some runtimes take beside IANA's names, and others do not: to them BST is Bangladesh, and IST India. */
const NO_ZONES = new Set([
  ...['ACT', 'AET', 'AGT', 'ART', 'AST', 'BET', 'BST', 'CAT', 'CNT', 'CST', 'CTT', 'EAT', 'ECT', 'IET', 'IST', 'JST'],
  ...['MIT', 'NET', 'NST', 'PLT', 'PNT', 'PRT', 'PST', 'SST', 'VST'],
]);

const zones = new Map<string, TimeZone>();

/** The zone of an IANA name, in any case; undefined when there is none of that name. */
export function findTimeZone(name: string): TimeZone | undefined {
  const known = zones.get(name);
  if (known) return known;
  // Newer runtimes also take `+05:30`, older ones do not.
  if (!/^[A-Za-z]/.test(name) || NO_ZONES.has(name.toUpperCase())) return undefined;
  try {
    const zone = new TimeZone(name);
    const canonical = zones.get(zone.name) ?? zone;
    // Keyed by the canonical name and the exact spellings met, of which a few per zone are real.
    if (zones.size < 2_000) zones.set(zone.name, canonical).set(name, canonical);
    return canonical;
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** The offsets of one IANA zone over time, from the runtime's own zone data. Wall-clock readings are epoch ms as if in UTC. */
export class TimeZone {
  readonly name: string;
  private readonly format: Intl.DateTimeFormat;
  private readonly spans = new Map<number, readonly ZonePeriod[]>();

  /** Throws `RangeError` when there is no such zone. */
  constructor(name: string) {
    this.format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
    this.name = this.format.resolvedOptions().timeZone;
  }

  /** The period an instant is in. */
  periodAt(instantMs: number): ZonePeriod {
    const periods = this.periodsOfSpan(Math.floor(instantMs / SPAN_MS));
    const period = periods.find(({ endMs }) => instantMs < endMs);
    if (!period) throw new Error(`No period of ${this.name} holds ${instantMs}`);
    return period;
  }

  /** What the wall clock shows at an instant. */
  wallOf(instantMs: number): number {
    return instantMs + this.periodAt(instantMs).offsetMs;
  }

  /**
   * The first instant at which the wall clock shows this reading or a later one: the reading itself, the first time it
   * comes; the end of the jump when the clock skips it.
   */
  firstReach(wallMs: number): number {
    for (let period = this.periodAt(wallMs - FAR_MS); ; period = this.periodAt(period.endMs)) {
      const instantMs = Math.max(period.startMs, wallMs - period.offsetMs);
      if (instantMs < period.endMs) return instantMs;
    }
  }

  /** The latest reading that the wall clock has shown up to an instant. */
  furthestWall(instantMs: number): number {
    let furthest = this.wallOf(instantMs);
    for (let period = this.periodAt(instantMs); period.startMs > instantMs - FAR_MS;) {
      period = this.periodAt(period.startMs - 1);
      furthest = Math.max(furthest, period.endMs + period.offsetMs - 1);
    }
    return furthest;
  }

  private periodsOfSpan(span: number): readonly ZonePeriod[] {
    const known = this.spans.get(span);
    if (known) return known;
    const found = this.findPeriods(span * SPAN_MS, (span + 1) * SPAN_MS);
    if (this.spans.size >= KEPT_SPANS) this.spans.clear();
    this.spans.set(span, found);
    return found;
  }

  /** Looks once a day; no zone changes its offset there and back within one. */
  private findPeriods(fromMs: number, toMs: number): ZonePeriod[] {
    const periods: ZonePeriod[] = [];
    let startMs = fromMs;
    let offsetMs = this.offsetAt(fromMs);
    for (let dayMs = fromMs; dayMs < toMs; dayMs += DAY_MS) {
      const nextOffsetMs = this.offsetAt(dayMs + DAY_MS);
      if (nextOffsetMs === offsetMs) continue;
      const changeMs = this.changeBetween(dayMs, dayMs + DAY_MS, offsetMs);
      if (changeMs >= toMs) break;
      periods.push({ startMs, endMs: changeMs, offsetMs });
      startMs = changeMs;
      offsetMs = nextOffsetMs;
    }
    periods.push({ startMs, endMs: toMs, offsetMs });
    return periods;
  }

  /** The first second that no longer has the offset. */
  private changeBetween(fromMs: number, toMs: number, offsetMs: number): number {
    let early = fromMs;
    let late = toMs;
    while (late - early > 1_000) {
      const middle = early + Math.floor((late - early) / 2_000) * 1_000;
      if (this.offsetAt(middle) === offsetMs) early = middle;
      else late = middle;
    }
    return late;
  }

  private offsetAt(instantMs: number): number {
    const [month = 0, day = 0, year = 0, hour = 0, minute = 0, second = 0] = (
      this.format.format(instantMs).match(/\d+/g) ?? []
    ).map(Number);
    return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(instantMs / 1_000) * 1_000;
  }
}
