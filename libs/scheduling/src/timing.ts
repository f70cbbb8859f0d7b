import { latestSlot, nextSlot, parseSpec } from '@millrace/schedules';

/** The moments of a job. */
export interface Timing {
  /** As a person wrote it: `0 * * * *`, `@hourly`, `every 30s`. */
  readonly text: string;
  /** The first moment after this one; null when none is in sight. */
  next(after: Date): Date | null;
  /** The last moment at or before this one. */
  latest(at: Date): Date | null;
}

/** The slots of a cron expression or `@every <duration>`, in UTC; the same ones in every replica. Throws `InvalidSchedule`. */
export function specTiming(text: string): Timing {
  const spec = parseSpec({ cron: text });
  return { text, next: (after) => nextSlot(spec, after), latest: (at) => latestSlot(spec, at) };
}

/** Every `intervalMs` from the moment this process began; each replica has its own. */
export function intervalTiming(text: string, intervalMs: number, from: Date): Timing {
  const latest = (at: Date) => {
    const turns = Math.floor((at.getTime() - from.getTime()) / intervalMs);
    return new Date(from.getTime() + turns * intervalMs);
  };
  return { text: `every ${text}`, latest, next: (after) => new Date(latest(after).getTime() + intervalMs) };
}
