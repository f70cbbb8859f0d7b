import { failpoint } from '@millrace/contracts';
import {
  ScheduleRepository,
  TaskRepository,
  type Firing,
  type ScheduleAdvance,
  type ScheduleRow,
} from '@millrace/store';
import { Injectable, Logger } from '@nestjs/common';
import { describeError } from './describe-error';
import { recordSlots, releaseSlots, type RecordedSlot, type RecordedSlots, type SlotParts } from './record-slots';
import { dueSlotsOf, planSchedule, runsOf, type SchedulePlan } from './slot-plan';
import type { DeclaredSlots } from './slot-task';
import { TaskControl } from './task-control';
import { TaskNotCancellable, TaskNotFound } from './task-errors';
import { TaskPolicy } from './task-policy';
import { TaskSubmitter } from './task-submitter';

/** Schedules of one transaction; each takes three statements' share and holds its lock that long. */
const SCHEDULES_AT_ONCE = 500;

/** Slots after which one transaction takes no further schedule. */
const SLOTS_AT_ONCE = 1_000;

const RELEASED_AT_ONCE = 200;
const CANCELLED_AT_ONCE = 100;

/** What one round of firing did. */
export interface FireReport {
  /** Schedules that were due and are moved on now. */
  readonly schedules: number;
  /** More may be due: this round took as many as it may. */
  readonly full: boolean;
  readonly slots: readonly FiredSlot[];
  readonly missed: readonly { readonly schedule: string; readonly count: number }[];
  readonly paused: readonly { readonly schedule: string; readonly reason: string }[];
}

/** A slot that was decided about. */
export interface FiredSlot extends RecordedSlot {
  /** From its due moment to the end of the transaction, by the database's clock. */
  readonly lateMs: number;
}

/**
 * Decides about slots that have come due and submits their tasks; any number of schedulers may do it at once.
 *
 * - Slot, task and where the schedule goes on are one transaction under the schedule's lock, by the database's clock: whatever
 *   crashes, a slot is fired once or is still due.
 * - The policies decide what becomes of a slot; Redis hears of the task after the commit, or from the repair.
 */
@Injectable()
export class FireSlots {
  private readonly logger = new Logger(FireSlots.name);

  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly tasks: TaskRepository,
    private readonly submitter: TaskSubmitter,
    private readonly control: TaskControl,
    private readonly policy: TaskPolicy,
  ) {}

  /** Fires what is due, one batch of it. Throws `StoreUnavailable`. */
  async fireDue(declared: DeclaredSlots): Promise<FireReport> {
    const startedMs = performance.now();
    const fired = await this.schedules.transaction(async (manager) => {
      const { seenAt, schedules } = await this.schedules.lockDue(
        { firing: firingOf(declared), limit: SCHEDULES_AT_ONCE },
        manager,
      );
      if (schedules.length === 0) return null;
      const due = withinBudget(schedules, seenAt);
      const [underWay, ended] = [
        await this.schedules.underWay(
          idsOf(due, ({ overlap }) => overlap !== 'allow'),
          manager,
        ),
        await this.schedules.recentOutcomes(failureLimits(due), manager),
      ];
      const plans = due.map(({ schedule, slots, fault }) =>
        planSchedule(schedule, slots, {
          fault,
          underWay: (__MUTANT__ !== 'overlap_unseen' && underWay.get(schedule.id)) || NOTHING,
          ended: ended.get(schedule.id) ?? [],
        }),
      );

      await this.schedules.skipWaiting(
        plans.filter((plan) => plan.dropsWaiting).map(({ schedule }) => schedule.id),
        manager,
      );
      const recorded = await recordSlots(
        this.parts(declared),
        plans.map(({ schedule, slots }) => ({ schedule, slots, origin: 'schedule' })),
        manager,
      );
      await this.schedules.advance(plans.map(advanceOf), manager);
      return { seenAt, plans, recorded, full: due.length < schedules.length || schedules.length === SCHEDULES_AT_ONCE };
    });
    if (!fired) return NOTHING_DUE;

    const committedAtMs = fired.seenAt.getTime() + performance.now() - startedMs;
    await this.pass(fired.recorded, startedMs);
    return {
      schedules: fired.plans.length,
      full: fired.full,
      slots: fired.recorded.slots.map((slot) => ({
        ...slot,
        lateMs: committedAtMs - (slot.dueAt ?? slot.slotAt).getTime(),
      })),
      missed: fired.plans.flatMap(({ schedule, missed }) =>
        missed > 0 ? [{ schedule: schedule.name, count: missed }] : [],
      ),
      paused: fired.plans.flatMap(({ schedule, pauseReason }) =>
        pauseReason === null ? [] : [{ schedule: schedule.name, reason: pauseReason }],
      ),
    };
  }

  /** Submits slots that waited for the end of what was under way before them; answers them. Throws `StoreUnavailable`. */
  async releaseWaiting(declared: DeclaredSlots): Promise<readonly RecordedSlot[]> {
    const startedMs = performance.now();
    const released = await this.schedules.transaction(async (manager) => {
      const waiting = await this.schedules.lockReleasable(
        { firing: firingOf(declared), limit: RELEASED_AT_ONCE },
        manager,
      );
      return releaseSlots(this.parts(declared), waiting, manager);
    });
    await this.pass(released, startedMs);
    return released.slots;
  }

  /** Asks tasks to stop that stand in the way of slots whose schedules cancel what runs; answers how many. */
  async cancelReplaced(): Promise<number> {
    const tasks = await this.schedules.tasksToCancel(CANCELLED_AT_ONCE);
    for (const { taskId, schedule } of tasks) await this.cancel(taskId, schedule);
    return tasks.length;
  }

  private async cancel(taskId: string, schedule: string): Promise<void> {
    try {
      await this.control.cancel(taskId, 'scheduler');
      this.logger.log('A run was asked to stop for the next one', { taskId, schedule });
    } catch (error) {
      // It has ended meanwhile, which is as good.
      if (!(error instanceof TaskNotFound || error instanceof TaskNotCancellable)) throw error;
    }
  }

  /** Hands on what has committed; what runs here does not wait for Redis. */
  private async pass({ tasks, started }: RecordedSlots, askedAtMs: number): Promise<void> {
    if (tasks.length + started.length === 0) return;
    failpoint('after_slot');
    for (const { runner, task } of started) runner.begin(task, askedAtMs);
    if (tasks.length > 0) await this.submitter.dispatch(tasks);
  }

  private parts({ makers }: DeclaredSlots): SlotParts {
    return { schedules: this.schedules, tasks: this.tasks, policy: this.policy, makers };
  }
}

/** What the store looks for. */
export const firingOf = ({ makers, ...firing }: DeclaredSlots): Firing => ({ ...firing, declared: [...makers.keys()] });

const NOTHING = { unfinished: 0, waiting: 0 };
const NO_SLOTS = { fire: [], missed: 0, nextSlotAt: null };
const NOTHING_DUE: FireReport = { schedules: 0, full: false, slots: [], missed: [], paused: [] };

interface DueSchedule {
  readonly schedule: ScheduleRow;
  readonly slots: ReturnType<typeof dueSlotsOf>;
  /** Why its rule says nothing; null: it does. */
  readonly fault: string | null;
}

/** The first one always; the rest stays due. */
function withinBudget(schedules: readonly ScheduleRow[], now: Date): DueSchedule[] {
  const due: DueSchedule[] = [];
  let count = 0;
  for (const schedule of schedules) {
    if (count >= SLOTS_AT_ONCE) break;
    const read = readDue(schedule, now);
    count += read.slots.fire.length;
    due.push(read);
  }
  return due;
}

/** A rule may have been edited by hand, or name a zone that this runtime does not have: the others fire all the same. */
function readDue(schedule: ScheduleRow, now: Date): DueSchedule {
  try {
    return { schedule, slots: dueSlotsOf(schedule, now), fault: null };
  } catch (error) {
    return { schedule, slots: NO_SLOTS, fault: `its rule cannot be read: ${describeError(error)}` };
  }
}

const idsOf = (due: readonly DueSchedule[], which: (schedule: ScheduleRow) => boolean): number[] =>
  due.filter(({ schedule }) => which(schedule)).map(({ schedule }) => schedule.id);

const failureLimits = (due: readonly DueSchedule[]) =>
  due.flatMap(({ schedule: { id, pauseAfterFailures, updatedAt } }) =>
    pauseAfterFailures === null ? [] : [{ id, count: pauseAfterFailures, since: updatedAt }],
  );

function advanceOf({ schedule, slots, missed, next, pauseReason }: SchedulePlan): ScheduleAdvance {
  const submitted = slots.filter(({ outcome }) => outcome === 'submitted');
  return {
    scheduleId: schedule.id,
    next,
    lastRunAt: submitted.at(-1)?.slotAt ?? null,
    runs: runsOf(slots),
    missed,
    pauseReason,
  };
}
