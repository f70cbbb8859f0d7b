import { InvalidSchedule, nextSlots } from '@millrace/schedules';
import type { EntityManager, ScheduleRepository, ScheduleRow } from '@millrace/store';
import { recordSlots, type RecordedSlot, type SlotParts } from './record-slots';
import { ScheduleNotFound, ScheduleStateConflict } from './schedule-errors';
import { specOf } from './schedule-input';
import { planSlots } from './slot-plan';
import type { TaskSubmitter } from './task-submitter';

/** Slots of one backfill. */
export const MAX_BACKFILL_SLOTS = 1_000;

/** Runs of one schedule that may be asked for in the same millisecond. */
const MOMENTS_TRIED = 100;

/** Slots of the past that an operator asks for. */
export interface BackfillRequest {
  readonly name: string;
  /** Slots from here on. */
  readonly from: Date;
  /** And before here; at the latest now. */
  readonly to: Date;
  readonly actor: string;
}

/** Runs that an operator asks for beside those of the clock: one now, or those of a past range. */
export class OperatorRuns {
  private readonly schedules: ScheduleRepository;

  constructor(
    private readonly parts: SlotParts,
    private readonly submitter: TaskSubmitter,
  ) {
    this.schedules = parts.schedules;
  }

  /** See `ScheduleControl.trigger`. */
  async trigger(name: string, actor: string): Promise<RecordedSlot> {
    const recorded = await this.schedules.transaction(async (manager) => {
      const { seenAt, schedule } = await this.lock(name, manager);
      const moment = await this.freeMoment(schedule, seenAt, manager);
      const slots = await this.plan(schedule, [moment], manager);
      const result = await recordSlots(this.parts, [{ schedule, slots, origin: 'trigger' }], manager);
      const { outcome, taskId, slotAt } = result.slots[0] ?? {};
      await this.schedules.audit(
        { actor, action: 'trigger_schedule', name, detail: { outcome, taskId, slotAt } },
        manager,
      );
      return result;
    });
    await this.submitter.dispatch(recorded.tasks);
    const [slot] = recorded.slots;
    if (!slot) throw new ScheduleStateConflict(name, 'has a slot at this very moment already');
    return slot;
  }

  /** See `ScheduleControl.previewBackfill`. */
  async previewBackfill({ name, from, to }: Omit<BackfillRequest, 'actor'>): Promise<Date[]> {
    const schedule = await this.schedules.findByName(name);
    if (!schedule) throw new ScheduleNotFound(name);
    return this.slotsOfRange(schedule, { from, to, now: await this.schedules.now() });
  }

  /** See `ScheduleControl.backfill`. */
  async backfill({ name, from, to, actor }: BackfillRequest): Promise<readonly RecordedSlot[]> {
    const recorded = await this.schedules.transaction(async (manager) => {
      const { schedule, seenAt } = await this.lock(name, manager);
      const range = await this.slotsOfRange(schedule, { from, to, now: seenAt }, manager);
      const oneByOne = { ...schedule, overlap: schedule.overlap === 'allow' ? 'allow' : 'queue_all' } as const;
      const slots = await this.plan(oneByOne, range, manager);
      const result = await recordSlots(this.parts, [{ schedule, slots, origin: 'backfill' }], manager);
      await this.schedules.audit(
        { actor, action: 'backfill_schedule', name, detail: { from, to, slots: result.slots.length } },
        manager,
      );
      return result;
    });
    await this.submitter.dispatch(recorded.tasks);
    return recorded.slots;
  }

  private async slotsOfRange(
    schedule: ScheduleRow,
    { from, to, now }: { readonly from: Date; readonly to: Date; readonly now: Date },
    manager?: EntityManager,
  ): Promise<Date[]> {
    if (to > now) throw new InvalidSchedule([{ field: 'to', message: 'must not be ahead of now' }]);
    if (from >= to) throw new InvalidSchedule([{ field: 'from', message: 'must be before to' }]);
    const slots = nextSlots(specOf(schedule), new Date(from.getTime() - 1), MAX_BACKFILL_SLOTS + 1);
    const inRange = slots.filter((slotAt) => slotAt < to);
    if (inRange.length > MAX_BACKFILL_SLOTS) {
      const message = `must be nearer: the range holds more than ${MAX_BACKFILL_SLOTS} slots`;
      throw new InvalidSchedule([{ field: 'to', message }]);
    }
    const decided = await this.schedules.decidedSlots(schedule.id, inRange, manager);
    return inRange.filter((slotAt) => !decided.has(slotAt.getTime()));
  }

  /** The first millisecond from an instant on that no slot of the locked schedule has: several may ask in the same one. */
  private async freeMoment({ id }: ScheduleRow, from: Date, manager: EntityManager): Promise<Date> {
    const moments = Array.from({ length: MOMENTS_TRIED }, (_, ms) => new Date(from.getTime() + ms));
    const taken = await this.schedules.decidedSlots(id, moments, manager);
    return moments.find((moment) => !taken.has(moment.getTime())) ?? from;
  }

  /** Only the schedulers have what makes the payloads of code. */
  private async plan(schedule: ScheduleRow, slots: readonly Date[], manager: EntityManager) {
    if (schedule.source === 'code') {
      return slots.map((slotAt) => ({ slotAt, outcome: 'waiting' as const, reason: null }));
    }
    const underWay = (await this.schedules.underWay([schedule.id], manager)).get(schedule.id);
    const plan = planSlots(schedule, slots, underWay ?? { unfinished: 0, waiting: 0 });
    if (plan.dropsWaiting) await this.schedules.skipWaiting([schedule.id], manager);
    return plan.slots;
  }

  private async lock(name: string, manager: EntityManager) {
    const { seenAt, schedules } = await this.schedules.lock(name, manager);
    const [schedule] = schedules;
    if (!schedule) throw new ScheduleNotFound(name);
    return { seenAt, schedule };
  }
}
