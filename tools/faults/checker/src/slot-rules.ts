import type { Evidence, SlotRecord, SlotTaskRecord, WatchLine } from './records';
import type { Finding } from './rules';

/** The figures of the watched schedules. */
export interface SlotCounts {
  readonly expected: number;
  readonly missed: number;
  /** Slots with more rows or tasks than one. */
  readonly doubled: number;
  /** How long after its due moment the latest of them was decided about. */
  readonly latestMs: number;
}

/** What became of one moment at which a watched schedule was due, or was taken to be. */
export interface Served {
  readonly schedule: string;
  readonly maySkip: boolean;
  readonly slotAtMs: number;
  readonly isExpected: boolean;
  readonly rows: readonly SlotRecord[];
  readonly tasks: readonly SlotTaskRecord[];
}

/** Every slot of a watched schedule was served as its policy wants it, once, and nothing was that is no slot. */
export function slotsServed(evidence: Evidence): Finding[] {
  const empty = evidence.watches.filter((watch) => expectedMoments(watch).size === 0);
  return [
    ...empty.map(({ schedule }) => ({
      rule: 'no slot missed',
      text: `${schedule}: no slot was due while it was watched`,
    })),
    ...servedSlots(evidence).flatMap(findingsAbout),
  ];
}

export function countSlots(evidence: Evidence): SlotCounts {
  const slots = servedSlots(evidence);
  const expected = slots.filter(({ isExpected }) => isExpected);
  return {
    expected: expected.length,
    missed: expected.filter(isMissed).length,
    doubled: slots.filter(isDoubled).length,
    latestMs: expected.flatMap(({ rows }) => rows).reduce((latest, { late_ms }) => Math.max(latest, late_ms), 0),
  };
}

function findingsAbout(served: Served): Finding[] {
  const { schedule, slotAtMs, isExpected, rows, tasks } = served;
  const slot = `${schedule} ${new Date(slotAtMs).toISOString()}`;
  const found = `${rows.length} rows (${rows.map(({ outcome }) => outcome).join(', ')}) and ${tasks.length} tasks`;
  if (!isExpected) return [{ rule: 'no slot made up', text: `${slot}: it is no slot and has ${found}` }];
  if (isMissed(served)) return [{ rule: 'no slot missed', text: `${slot}: ${found}` }];
  if (isDoubled(served)) return [{ rule: 'no slot doubled', text: `${slot}: ${found}` }];
  if (rows[0]?.task_id === (tasks[0]?.task_id ?? null)) return [];
  return [{ rule: 'no slot doubled', text: `${slot}: its row names another task than the one it has` }];
}

const isMissed = (served: Served) =>
  !isSkipped(served) && (served.tasks.length === 0 || !served.rows.some(({ outcome }) => outcome === 'submitted'));

/** It came while the function ran, or was passed over as if it had. */
export const isSkipped = ({ maySkip, rows, tasks }: Served): boolean =>
  maySkip && tasks.length === 0 && rows.length > 0 && rows.every(({ outcome }) => outcome === 'skipped');

const isDoubled = ({ rows, tasks }: Served) => rows.length > 1 || tasks.length > 1;

/** Every slot that is expected or recorded, of each watched schedule in the time it was watched. */
export function servedSlots({ watches, slots, slotTasks }: Evidence): Served[] {
  return watches.flatMap((watch) => {
    const rows = byMoment(slots, watch);
    const tasks = byMoment(slotTasks, watch);
    const expected = expectedMoments(watch);
    const moments = new Set([...expected, ...rows.keys(), ...tasks.keys()]);
    return [...moments].map((slotAtMs) => ({
      schedule: watch.schedule,
      maySkip: watch.exclusive?.overlap === 'skip',
      slotAtMs,
      isExpected: expected.has(slotAtMs),
      rows: rows.get(slotAtMs) ?? [],
      tasks: tasks.get(slotAtMs) ?? [],
    }));
  });
}

/** The multiples of the interval since 1970, both ends of the watch included. */
function expectedMoments({ every_ms, from, to }: WatchLine): Set<number> {
  const moments = new Set<number>();
  for (let ms = Math.ceil(from / every_ms) * every_ms; ms <= to; ms += every_ms) moments.add(ms);
  return moments;
}

function byMoment<T extends { readonly schedule: string; readonly slot_at: number }>(
  records: readonly T[],
  { schedule, from, to }: WatchLine,
): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const record of records) {
    if (record.schedule !== schedule || record.slot_at < from || record.slot_at > to) continue;
    groups.set(record.slot_at, [...(groups.get(record.slot_at) ?? []), record]);
  }
  return groups;
}
