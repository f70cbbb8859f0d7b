import { ScheduleRepository, SubmitNotices } from '@millrace/store';
import { FireSlots, firingOf, type FireReport } from '@millrace/tasks';
import { Injectable, Logger } from '@nestjs/common';
import type { Duty, DutyCounts } from './duty';
import { DeclaredSchedules } from './declared-schedules';
import { ScheduleMetrics } from './schedule-metrics';

interface Batch {
  readonly fired: number;
  /** It took as much as it may. */
  readonly full: boolean;
}

/** The longest wait: a notice of a changed schedule may be lost. */
const INTERVAL_MS = 1_000;

/** A schedule that is due and not handed out is being fired by another replica. */
const LOCKED_ELSEWHERE_MS = 20;

/** Batches of one run of each lane; what is left is due in the next run, which begins at once. */
const BATCHES = 20;

/** Batches at a time once a single one did not take all that is due: while one waits for PostgreSQL another computes. */
const LANES = 3;

/**
 * Fires schedules that are due. It sleeps until the next one is, by the database's clock; a notice wakes it when a schedule
 * was made or changed. Replicas share what is due at the same moment.
 */
@Injectable()
export class FireDue implements Duty {
  readonly name = 'fire-due';
  readonly intervalMs = INTERVAL_MS;
  private readonly logger = new Logger('Scheduler');
  private wait = 0;

  constructor(
    private readonly fire: FireSlots,
    private readonly schedules: ScheduleRepository,
    private readonly declared: DeclaredSchedules,
    private readonly notices: SubmitNotices,
    private readonly metrics: ScheduleMetrics,
  ) {}

  onWork(wake: () => void): void {
    this.notices.onScheduleChange(wake);
  }

  waitMs(): number {
    return this.wait;
  }

  async runOnce(signal?: AbortSignal): Promise<DutyCounts> {
    // A run that throws is tried again after the interval.
    this.wait = INTERVAL_MS;
    if (this.declared.isIdle()) return { fired: 0 };
    const first = await this.fireBatch();
    if (!first.full) return this.ended(first.fired, 'drained');
    const lanes = await Promise.all(Array.from({ length: LANES }, () => this.runLane(signal)));
    const fired = lanes.reduce((sum, lane) => sum + lane.fired, first.fired);
    return this.ended(fired, lanes.some((lane) => lane.full) ? 'more' : 'drained');
  }

  /** Fires batch after batch until nothing is due that nobody else has. */
  private async runLane(signal?: AbortSignal): Promise<Batch> {
    let fired = 0;
    for (let count = 0; count < BATCHES && !signal?.aborted; count += 1) {
      const batch = await this.fireBatch();
      fired += batch.fired;
      if (!batch.full) return { fired, full: false };
    }
    return { fired, full: true };
  }

  private async fireBatch(): Promise<Batch> {
    const report = await this.fire.fireDue(this.declared.slots());
    this.report(report);
    return { fired: report.slots.length, full: report.full };
  }

  private async ended(fired: number, left: 'more' | 'drained'): Promise<DutyCounts> {
    this.wait = left === 'more' ? 0 : await this.untilNextMs();
    return { fired };
  }

  private async untilNextMs(): Promise<number> {
    const next = await this.schedules.nextRun(firingOf(this.declared.slots()));
    this.metrics.next(next?.at ?? null);
    if (!next) return INTERVAL_MS;
    return next.inMs > 0 ? Math.min(Math.ceil(next.inMs), INTERVAL_MS) : LOCKED_ELSEWHERE_MS;
  }

  private report(report: FireReport): void {
    this.metrics.fired(report);
    this.declared.fired(report);
    for (const { schedule, slotAt, outcome, taskId, lateMs } of report.slots) {
      this.logger.debug('A slot was decided about', {
        schedule: schedule.name,
        slotAt,
        outcome,
        taskId,
        lateMs: Math.round(lateMs),
      });
    }
    for (const { schedule, slotAt, outcome, reason } of report.slots) {
      if (outcome === 'refused')
        this.logger.error('A slot could not be submitted', { schedule: schedule.name, slotAt, reason });
    }
    for (const { schedule, count } of report.missed) {
      this.logger.warn('Slots of a schedule were missed', { schedule, count });
    }
    for (const { schedule, reason } of report.paused) {
      this.logger.error('A schedule was paused', { schedule, reason });
    }
  }
}
