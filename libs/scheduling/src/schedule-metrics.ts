import { Metrics } from '@millrace/runtime';
import type { WatchedSchedule } from '@millrace/store';
import type { FireReport, RecordedSlot } from '@millrace/tasks';
import { Injectable } from '@nestjs/common';

const OUTCOMES = ['submitted', 'waiting', 'skipped', 'refused'] as const;

/**
 * The `millrace_schedule_*` metrics, for all schedules together, as there may be a hundred thousand; and for a bounded number of
 * single ones where they stand. Moments are those of the database's clock.
 */
@Injectable()
export class ScheduleMetrics {
  private readonly lateness;
  private readonly slots;
  private readonly missed;
  private readonly paused;
  private readonly nextDue;
  private readonly lastFired;
  private readonly nextRun;
  private readonly lastRun;
  private readonly missedSlots;
  private readonly active;

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
    // From nothing to the first of a kind is no increase to Prometheus.
    for (const outcome of OUTCOMES) this.slots.inc({ outcome }, 0);
    this.missed = metrics.counter({
      name: 'millrace_schedule_missed_total',
      help: 'Slots that were passed over because they came up too late.',
      labelNames: [],
    });
    this.paused = metrics.counter({
      name: 'millrace_schedule_paused_total',
      help: 'Schedules that were paused because their runs failed or their rule cannot be read.',
      labelNames: [],
    });
    this.nextDue = metrics.gauge({
      name: 'millrace_scheduler_next_due_timestamp_seconds',
      help: 'When the next schedule is due; in the past when one is overdue, 0 when there is none.',
      labelNames: [],
    });
    this.lastFired = metrics.gauge({
      name: 'millrace_scheduler_last_fired_timestamp_seconds',
      help: 'When this process last fired a slot, by the clock of the database; 0 when it has fired none.',
      labelNames: [],
    });
    this.nextRun = metrics.gauge({
      name: 'millrace_schedule_next_run_timestamp_seconds',
      help: 'When the next slot of an active schedule fires; in the past when it is overdue.',
      labelNames: ['schedule'],
    });
    this.lastRun = metrics.gauge({
      name: 'millrace_schedule_last_run_timestamp_seconds',
      help: 'The slot of a schedule that was submitted last by the clock.',
      labelNames: ['schedule'],
    });
    this.missedSlots = metrics.gauge({
      name: 'millrace_schedule_missed_slots',
      help: 'Slots of a schedule that were passed over since it was made.',
      labelNames: ['schedule'],
    });
    this.active = metrics.gauge({
      name: 'millrace_schedule_active',
      help: 'Whether a schedule fires: 0 when it is paused, orphaned, or has no slot to come.',
      labelNames: ['schedule'],
    });
  }

  fired({ slots, missed, paused }: FireReport): void {
    for (const { outcome, lateMs } of slots) {
      this.lateness.observe({}, Math.max(lateMs, 0) / 1_000);
      this.slots.inc({ outcome });
    }
    for (const { count } of missed) this.missed.inc({}, count);
    if (paused.length > 0) this.paused.inc({}, paused.length);
    const last = slots.at(-1);
    if (last) this.lastFired.set({}, ((last.dueAt ?? last.slotAt).getTime() + last.lateMs) / 1_000);
  }

  /** Slots that had waited. */
  released(slots: readonly RecordedSlot[]): void {
    for (const { outcome } of slots) this.slots.inc({ outcome });
  }

  /** When the next schedule is due; null: there is none. */
  next(at: Date | null): void {
    this.nextDue.set({}, at === null ? 0 : at.getTime() / 1_000);
  }

  /** Single schedules; whatever was shown before and is not among them goes. */
  watched(schedules: readonly WatchedSchedule[]): void {
    for (const gauge of [this.nextRun, this.lastRun, this.missedSlots, this.active]) gauge.reset();
    for (const { name: schedule, isActive, nextRunAt, lastRunAt, missed } of schedules) {
      this.active.set({ schedule }, isActive ? 1 : 0);
      this.missedSlots.set({ schedule }, missed);
      if (isActive && nextRunAt) this.nextRun.set({ schedule }, nextRunAt.getTime() / 1_000);
      if (lastRunAt) this.lastRun.set({ schedule }, lastRunAt.getTime() / 1_000);
    }
  }
}
