import type { TimeZone } from './time-zone';

/** What the clock of the zone does at a slot, for a person; null when it does nothing. */
export function noteOfSlot(slotAt: Date, zone: TimeZone): string | null {
  const atMs = slotAt.getTime();
  const period = zone.periodAt(atMs);
  const before = zone.periodAt(period.startMs - 1);
  const after = zone.periodAt(period.endMs);
  if (atMs === period.startMs && period.offsetMs > before.offsetMs) {
    return `the clock goes from ${readings(atMs + before.offsetMs, atMs + period.offsetMs)} at this moment`;
  }
  if (atMs < period.startMs + before.offsetMs - period.offsetMs) {
    return `the clock shows ${clockOf(atMs + period.offsetMs)} twice; this is the second time`;
  }
  if (atMs >= period.endMs - (period.offsetMs - after.offsetMs)) {
    return `the clock shows ${clockOf(atMs + period.offsetMs)} twice; this is the first time`;
  }
  return null;
}

/** `02:30`, of a wall-clock reading. */
const clockOf = (wallMs: number): string => new Date(wallMs).toISOString().slice(11, 16);

/** With their days when a whole day is left out, as where a zone crossed the date line. */
function readings(fromMs: number, toMs: number): string {
  const days = [fromMs, toMs].map((wallMs) => new Date(wallMs).toISOString().slice(0, 10));
  if (days[0] === days[1]) return `${clockOf(fromMs)} to ${clockOf(toMs)}`;
  return `${days[0]} ${clockOf(fromMs)} to ${days[1]} ${clockOf(toMs)}`;
}
