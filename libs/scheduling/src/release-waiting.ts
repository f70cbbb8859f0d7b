import { FireSlots } from '@millrace/tasks';
import { Injectable } from '@nestjs/common';
import type { Duty, DutyCounts } from './duty';
import { DeclaredSchedules } from './declared-schedules';
import { ScheduleMetrics } from './schedule-metrics';

const INTERVAL_MS = 500;

/** Lets slots go whose schedules' runs have ended, and asks those to stop that a later slot replaces. */
@Injectable()
export class ReleaseWaiting implements Duty {
  readonly name = 'release-waiting';
  readonly intervalMs = INTERVAL_MS;

  constructor(
    private readonly fire: FireSlots,
    private readonly declared: DeclaredSchedules,
    private readonly metrics: ScheduleMetrics,
  ) {}

  async runOnce(): Promise<DutyCounts> {
    if (this.declared.isIdle()) return { cancelled: 0, released: 0 };
    const cancelled = await this.fire.cancelReplaced();
    const released = await this.fire.releaseWaiting(this.declared.slots());
    this.metrics.released(released);
    return { cancelled, released: released.length };
  }
}
