import { Metrics } from '@millrace/runtime';
import type { FireReport, RecordedSlot } from '@millrace/tasks';
import { Injectable } from '@nestjs/common';

/** The `millrace_schedule_*` metrics. Not by schedule: there may be a hundred thousand; their rows and runs say it of each. */
@Injectable()
export class ScheduleMetrics {
  private readonly lateness;
  private readonly slots;
  private readonly missed;
  private readonly paused;
  private readonly nextRun;
  private readonly lastRun;

  constructor(metrics: Metrics) {
    this.lateness = metrics.histogram({
      name: 'millrace_schedule_lateness_seconds',
      help: 'From the due moment of a slot to its commit, by the clock of the database.',
      labelNames: [],
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600, 3_600],
    });
    this.slots = metrics.counter({
      name: 'millrace_schedule_slots_total',
      help: 'Slots that were decided about, by outcome (submitted, waiting, skipped, refused).',
      labelNames: ['outcome'],
    });
    this.missed = metrics.counter({
      name: 'millrace_schedule_missed_total',
      help: 'Slots that were passed over because they came up too late.',
      labelNames: [],
    });
    this.paused = metrics.counter({
      name: 'millrace_schedule_paused_total',
      help: 'Schedules that were paused because their runs failed.',
      labelNames: [],
    });
    this.nextRun = metrics.gauge({
      name: 'millrace_schedule_next_run_timestamp_seconds',
      help: 'When the next schedule is due; in the past when one is overdue, 0 when there is none.',
      labelNames: [],
    });
    this.lastRun = metrics.gauge({
      name: 'millrace_schedule_last_run_timestamp_seconds',
      help: 'When this process last fired a slot.',
      labelNames: [],
    });
  }

  fired({ slots, missed, paused }: FireReport): void {
    for (const { outcome, lateMs } of slots) {
      this.lateness.observe({}, Math.max(lateMs, 0) / 1_000);
      this.slots.inc({ outcome });
    }
    for (const { count } of missed) this.missed.inc({}, count);
    if (paused.length > 0) this.paused.inc({}, paused.length);
    if (slots.length > 0) this.lastRun.set({}, Date.now() / 1_000);
  }

  /** Slots that had waited. */
  released(slots: readonly RecordedSlot[]): void {
    for (const { outcome } of slots) this.slots.inc({ outcome });
  }

  /** How long until the next schedule is due; null: there is none. */
  next(ms: number | null): void {
    this.nextRun.set({}, ms === null ? 0 : (Date.now() + ms) / 1_000);
  }
}
