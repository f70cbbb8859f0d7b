import type { SlotOutcome } from '@millrace/contracts';
import {
  decideOverlap,
  dueAtOf,
  hasFailedRepeatedly,
  planDueSlots,
  type DueSlots,
  type UnderWay,
} from '@millrace/schedules';
import type { NextSlot, ScheduleRow } from '@millrace/store';
import { specOf } from './schedule-input';

/** A slot and what the policies of its schedule make of it. */
export interface PlannedSlot {
  readonly slotAt: Date;
  readonly outcome: Extract<SlotOutcome, 'submitted' | 'waiting' | 'skipped'>;
  readonly reason: string | null;
}

/** What happens to a schedule that is due. */
export interface SchedulePlan {
  readonly schedule: ScheduleRow;
  readonly slots: readonly PlannedSlot[];
  /** Slots that waited already are given up for one of these. */
  readonly dropsWaiting: boolean;
  readonly missed: number;
  readonly next: NextSlot;
  readonly pauseReason: string | null;
}

/** Slots that may wait behind an unfinished task; further ones are skipped. */
export const MAX_WAITING_SLOTS = 1_000;

/** Which slots of a due schedule are to be decided about, and where it goes on. */
export function dueSlotsOf(schedule: ScheduleRow, now: Date): DueSlots {
  const { name, jitterMs, misfire, misfireWindowMs, misfireLimit, nextSlotAt } = schedule;
  if (!nextSlotAt) return { fire: [], missed: 0, nextSlotAt: null };
  return planDueSlots({
    spec: specOf(schedule),
    rule: { misfire, windowMs: misfireWindowMs, limit: misfireLimit },
    name,
    jitterMs,
    nextSlotAt,
    now,
  });
}

/** Applies the overlap policy to slots in their order. */
export function planSlots(
  { overlap }: Pick<ScheduleRow, 'overlap'>,
  slots: readonly Date[],
  underWay: UnderWay,
): Pick<SchedulePlan, 'slots' | 'dropsWaiting'> {
  let { unfinished, waiting } = underWay;
  let dropsWaiting = false;
  let planned: PlannedSlot[] = [];
  for (const slotAt of slots) {
    const decision = decideOverlap(overlap, { unfinished, waiting });
    if (decision === 'replace') {
      dropsWaiting = true;
      planned = planned.map((slot) => (slot.outcome === 'waiting' ? { ...slot, ...REPLACED } : slot));
      waiting = 0;
    }
    const slot = outcomeOf(decision, waiting);
    planned.push({ slotAt, ...slot });
    if (slot.outcome === 'submitted') unfinished += 1;
    if (slot.outcome === 'waiting') waiting += 1;
  }
  return { slots: planned, dropsWaiting };
}

/**
 * What happens to a schedule, given why its rule cannot be read (null: it can), what it has under way and how its last runs
 * ended, newest first.
 */
export function planSchedule(
  schedule: ScheduleRow,
  due: DueSlots,
  facts: {
    readonly fault: string | null;
    readonly underWay: UnderWay;
    readonly ended: Parameters<typeof hasFailedRepeatedly>[0];
  },
): SchedulePlan {
  const { pauseAfterFailures, maxRuns, runCount } = schedule;
  const hasFailed = hasFailedRepeatedly(facts.ended, pauseAfterFailures);
  const pauseReason = facts.fault ?? (hasFailed ? `its last ${pauseAfterFailures} runs failed` : null);
  if (pauseReason !== null) {
    const next = schedule.nextSlotAt &&
      schedule.nextRunAt && { slotAt: schedule.nextSlotAt, runAt: schedule.nextRunAt };
    return { schedule, slots: [], dropsWaiting: false, missed: 0, next, pauseReason };
  }
  const left = maxRuns === null ? due.fire.length : Math.max(maxRuns - runCount, 0);
  const fire = due.fire.slice(0, left);
  const planned = planSlots(schedule, fire, facts.underWay);
  const ended = maxRuns !== null && runCount + runsOf(planned.slots) >= maxRuns;
  const next = ended || !due.nextSlotAt ? null : nextOf(schedule, due.nextSlotAt);
  return { schedule, ...planned, missed: due.missed, next, pauseReason: null };
}

/** Slots that count as runs: their task is submitted, now or later. */
export const runsOf = (slots: readonly PlannedSlot[]): number =>
  slots.filter(({ outcome }) => outcome !== 'skipped').length;

const REPLACED = { outcome: 'skipped', reason: 'replaced by a later slot' } as const;

function outcomeOf(decision: ReturnType<typeof decideOverlap>, waiting: number): Omit<PlannedSlot, 'slotAt'> {
  if (decision === 'submit') return { outcome: 'submitted', reason: null };
  if (decision === 'skip') return { outcome: 'skipped', reason: 'an earlier run is unfinished' };
  if (waiting >= MAX_WAITING_SLOTS) return { outcome: 'skipped', reason: `${MAX_WAITING_SLOTS} slots wait already` };
  return { outcome: 'waiting', reason: null };
}

const nextOf = ({ name, jitterMs }: ScheduleRow, slotAt: Date): NextSlot => ({
  slotAt,
  runAt: dueAtOf(name, slotAt, jitterMs),
});
