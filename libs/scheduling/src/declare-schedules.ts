import { ScheduleRepository } from '@millrace/store';
import { ScheduleControl, ScheduleStateConflict } from '@millrace/tasks';
import { Injectable, Logger } from '@nestjs/common';
import type { Duty, DutyCounts } from './duty';
import { DeclaredSchedules, type DeclaredSchedule } from './declared-schedules';

const INTERVAL_MS = 60_000;

/** A rolling deployment may leave a schedule undeclared for a moment. */
const ORPHANED_AFTER_MS = 5 * INTERVAL_MS;

/**
 * Makes the record equal to what this process declares, once, and says every minute that it is still declared. What nobody
 * declares any more is marked as orphaned, and not fired. That somebody paused a schedule stays.
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
  ) {}

  onWork(wake: () => void): void {
    this.declared.onAdd(wake);
  }

  async runOnce(): Promise<DutyCounts> {
    let written = 0;
    for (const schedule of this.declared.unrecorded()) written += await this.record(schedule);
    this.declared.seen(await this.schedules.declare(this.declared.names()));
    const orphaned = await this.schedules.markOrphaned(ORPHANED_AFTER_MS);
    if (orphaned.length > 0)
      this.logger.warn('Schedules are declared by no scheduler any more', { schedules: orphaned });
    return { declared: written };
  }

  private async record(schedule: DeclaredSchedule): Promise<number> {
    const { name, input } = schedule;
    try {
      const { kind } = await this.control.put({ name, input, actor: 'scheduler', source: 'code', mode: 'any' });
      schedule.isRecorded = true;
      if (kind === 'unchanged') return 0;
      this.logger.log('A declared schedule was recorded', { schedule: name, kind });
      return 1;
    } catch (error) {
      if (!(error instanceof ScheduleStateConflict)) throw error;
      // Deleting or renaming that one lets the next start record this one.
      schedule.isRecorded = true;
      this.logger.error('A declared schedule is not fired: somebody made another one of its name', { schedule: name });
      return 0;
    }
  }
}
