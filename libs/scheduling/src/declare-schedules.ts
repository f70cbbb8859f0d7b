import { ScheduleRepository } from '@millrace/store';
import { ScheduleControl, ScheduleStateConflict } from '@millrace/tasks';
import { Injectable, Logger } from '@nestjs/common';
import type { Duty, DutyCounts } from './duty';
import { SchedulingOptions } from './scheduling-options';
import { DeclaredSchedules, type DeclaredSchedule } from './declared-schedules';

const INTERVAL_MS = 60_000;

/** A rolling deployment may leave a schedule undeclared for a moment. */
const ORPHANED_AFTER_MS = 5 * INTERVAL_MS;

/**
 * Makes the record equal to what this process declares, once, and says every minute that it is still declared. Names that an
 * operator or another application has taken are left to them. What nobody declares any more is marked as orphaned, and not fired. That somebody paused a schedule stays.
 */
@Injectable()
export class DeclareSchedules implements Duty {
  readonly name = 'declare-schedules';
  readonly intervalMs = INTERVAL_MS;
  private readonly logger = new Logger('Scheduler');

  constructor(
    private readonly declared: DeclaredSchedules,
    private readonly control: ScheduleControl,
    private readonly schedules: ScheduleRepository,
    private readonly options: SchedulingOptions,
  ) {}

  onWork(wake: () => void): void {
    this.declared.onAdd(wake);
  }

  async runOnce(): Promise<DutyCounts> {
    let written = 0;
    for (const schedule of this.declared.unrecorded()) written += await this.record(schedule);
    this.declared.seen(await this.schedules.declare(this.options.application, this.declared.names()));
    const orphaned = await this.schedules.markOrphaned(ORPHANED_AFTER_MS);
    if (orphaned.length > 0) this.logger.warn('Schedules are declared by nobody any more', { schedules: orphaned });
    return { declared: written };
  }

  private async record(schedule: DeclaredSchedule): Promise<number> {
    const { name, input } = schedule;
    try {
      const { application } = this.options;
      const { kind } = await this.control.put({
        ...{ name, input, actor: application, source: 'code', declaredBy: application, mode: 'any' },
      });
      schedule.isRecorded = true;
      schedule.isTaken = false;
      if (kind === 'unchanged') return 0;
      this.logger.log('A declared schedule was recorded', { schedule: name, kind });
      return 1;
    } catch (error) {
      if (!(error instanceof ScheduleStateConflict)) throw error;
      // It is tried again: that one may be deleted, or be declared no more.
      if (!schedule.isTaken) {
        const { reason } = error;
        this.logger.error('A declared schedule is not fired: another one has its name', { schedule: name, reason });
      }
      schedule.isTaken = true;
      return 0;
    }
  }
}
