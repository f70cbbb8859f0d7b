import type { MisfirePolicy } from '@millrace/contracts';
import { jitterOfSlot } from './jitter';
import { latestSlot, nextSlot } from './next-slots';
import type { ScheduleSpec } from './schedule-spec';

/** A slot that is later than this is a misfire; up to then it fires under every policy. */
export const ON_TIME_MS = 60_000;

/** Missed slots are counted up to this many at once. */
export const MAX_COUNTED_MISSES = 1_000;

/** Slots that are on time and fired by one plan; what is left is due at once again. */
const MAX_AT_ONCE = 1_000;

/** What decides about late slots. */
export interface MisfireRule {
  readonly misfire: MisfirePolicy;
  /** How late a slot may be to be made up for; less than `ON_TIME_MS` changes nothing. */
  readonly windowMs: number;
  /** Late slots that `all` fires at once, the latest of them; the others are missed. */
  readonly limit: number;
}

export interface DueRequest {
  readonly spec: ScheduleSpec;
  readonly rule: MisfireRule;
  /** Of the schedule; seeds its jitter. */
  readonly name: string;
  readonly jitterMs: number;
  /** The first slot that nothing was decided about yet. */
  readonly nextSlotAt: Date;
  /** By the database's clock. */
  readonly now: Date;
}

/** What to do about the slots that have come due. */
export interface DueSlots {
  /** In order; each is due now. */
  readonly fire: readonly Date[];
  /** Slots that are passed over, `MAX_COUNTED_MISSES` at most. */
  readonly missed: number;
  /** The first slot to decide about the next time; null when there is none. */
  readonly nextSlotAt: Date | null;
}

/** The moment a slot fires at: itself and its jitter. */
export function dueAtOf(name: string, slotAt: Date, jitterMs: number): Date {
  return new Date(slotAt.getTime() + jitterOfSlot(name, slotAt, jitterMs));
}

/** Decides about every slot from `nextSlotAt` that is due by now: which fire, which are missed, where to go on. */
export function planDueSlots(request: DueRequest): DueSlots {
  const { spec, rule, nextSlotAt, jitterMs } = request;
  const nowMs = request.now.getTime();
  const onTimeFromMs = Math.max(nextSlotAt.getTime(), nowMs - jitterMs - ON_TIME_MS);
  const keptFromMs = Math.max(nextSlotAt.getTime(), nowMs - jitterMs - rule.windowMs);

  const kept = keptLateSlots(spec, rule, keptFromMs, onTimeFromMs);
  const onTime = firingFrom(request, onTimeFromMs);
  const late = countSlots(spec, nextSlotAt.getTime(), onTimeFromMs);
  return { fire: [...kept, ...onTime.fire], missed: Math.max(late - kept.length, 0), nextSlotAt: onTime.next };
}

/** Late slots that fire all the same, in order. */
function keptLateSlots(spec: ScheduleSpec, rule: MisfireRule, fromMs: number, toMs: number): Date[] {
  const wanted = { skip: 0, once: 1, all: rule.limit }[rule.misfire];
  const kept: Date[] = [];
  for (let beforeMs = toMs; kept.length < wanted && beforeMs > fromMs;) {
    const slotAt = latestSlot(spec, new Date(beforeMs - 1));
    if (!slotAt || slotAt.getTime() < fromMs) break;
    kept.push(slotAt);
    beforeMs = slotAt.getTime();
  }
  return kept.reverse();
}

function firingFrom(
  { spec, name, jitterMs, now }: DueRequest,
  fromMs: number,
): Pick<DueSlots, 'fire'> & { next: Date | null } {
  const fire: Date[] = [];
  let next = nextSlot(spec, new Date(fromMs - 1));
  while (next && fire.length < MAX_AT_ONCE && dueAtOf(name, next, jitterMs) <= now) {
    fire.push(next);
    next = nextSlot(spec, next);
  }
  return { fire, next };
}

function countSlots(spec: ScheduleSpec, fromMs: number, toMs: number): number {
  let count = 0;
  let slotAt = toMs > fromMs ? nextSlot(spec, new Date(fromMs - 1)) : null;
  while (slotAt && slotAt.getTime() < toMs && count < MAX_COUNTED_MISSES) {
    count += 1;
    slotAt = nextSlot(spec, slotAt);
  }
  return count;
}
