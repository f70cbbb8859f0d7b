import { setTimeout as sleep } from 'node:timers/promises';
import { ScheduleRepository, StoreUnavailable, type DeclaredSchedule } from '@millrace/store';
import { SlotSubmitter, type SlotSubmission } from '@millrace/tasks';
import { Injectable, Logger } from '@nestjs/common';
import { LATEST_FIRE_MS, type Fire } from './timed-job';

/** What a schedule submits: the same each time, or made for the slot. */
export type ScheduledSubmission = SlotSubmission | ((slotAt: Date) => SlotSubmission | Promise<SlotSubmission>);

const RETRY_MS = 1_000;

/** Fires the slots of schedules that submit tasks: recorded once among all replicas. */
@Injectable()
export class TaskSchedules {
  private readonly logger = new Logger('Scheduler');
  private readonly ids = new Map<string, number>();

  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly slots: SlotSubmitter,
  ) {}

  /** The slot that fired last, in any replica. Null when none did, or when PostgreSQL cannot say now. */
  async lastSlot(schedule: DeclaredSchedule): Promise<Date | null> {
    try {
      return await this.schedules.lastSlot(await this.idOf(schedule));
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
      this.logger.warn('PostgreSQL is away; a slot that has just passed is not made up for', { job: schedule.name });
      return null;
    }
  }

  /** Submits the task of a slot. While PostgreSQL is away it tries again, until the slot is a minute late. */
  async fire(schedule: DeclaredSchedule, submission: ScheduledSubmission, { slotAt, signal }: Fire): Promise<void> {
    const slot = typeof submission === 'function' ? await submission(slotAt) : submission;
    for (;;) {
      try {
        const result = await this.slots.fire(await this.idOf(schedule), slotAt, slot);
        this.logger.debug('A slot was fired', { job: schedule.name, slotAt, ...result });
        return;
      } catch (error) {
        const late = Date.now() - slotAt.getTime() + RETRY_MS > LATEST_FIRE_MS;
        if (!(error instanceof StoreUnavailable) || late || signal.aborted) throw error;
      }
      await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  private async idOf(schedule: DeclaredSchedule): Promise<number> {
    const known = this.ids.get(schedule.name);
    if (known !== undefined) return known;
    const { id } = await this.schedules.ensure(schedule);
    this.ids.set(schedule.name, id);
    return id;
  }
}
