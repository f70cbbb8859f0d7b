import {
  draftSchedule,
  TaskPolicy,
  type DeclaredSlots,
  type FireReport,
  type ScheduleInput,
  type SlotMaker,
} from '@millrace/tasks';
import { nextSlotOf } from '@millrace/tasks';
import type { ScheduleDefinition, ScheduleRow } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { SchedulingOptions } from './scheduling-options';
import type { JobStats } from './timed-job';

/** A schedule that code of this process declares. */
export interface DeclaredSchedule {
  readonly name: string;
  readonly input: ScheduleInput;
  /** The record has it as it is declared here, as of this process. */
  isRecorded: boolean;
  /** Somebody else has a schedule of that name. */
  isTaken: boolean;
}

interface Entry extends DeclaredSchedule {
  readonly definition: ScheduleDefinition;
  readonly maker: SlotMaker | null;
  lastRunAt: Date | null;
  lastError: string | null;
  runs: number;
  failures: number;
  skipped: number;
  missed: number;
}

/** The schedules that code declares: what they submit, and how they have been doing in this process. */
@Injectable()
export class DeclaredSchedules {
  private readonly entries = new Map<string, Entry>();
  private readonly makers = new Map<string, SlotMaker | null>();
  private readonly firing: DeclaredSlots;
  private onDeclared: () => void = () => undefined;

  constructor(
    private readonly policy: TaskPolicy,
    { application, scope }: SchedulingOptions,
  ) {
    this.firing = { application, scope, makers: this.makers };
  }

  /** Declares a schedule; `maker` makes what each slot submits, else `input` says it. Throws `InvalidSchedule`. */
  add(name: string, input: ScheduleInput, maker: SlotMaker | null): void {
    const definition = draftSchedule(name, input, this.policy, 'code');
    const nothing = { lastRunAt: null, lastError: null, runs: 0, failures: 0, skipped: 0, missed: 0 };
    this.entries.set(name, { name, input, definition, maker, isRecorded: false, isTaken: false, ...nothing });
    this.makers.set(name, maker);
    this.onDeclared();
  }

  has(name: string): boolean {
    return this.entries.has(name);
  }

  /** `declared` is called whenever a schedule is added. */
  onAdd(declared: () => void): void {
    this.onDeclared = declared;
  }

  /** Whether there is nothing that this process may ever fire. */
  isIdle(): boolean {
    return this.firing.scope === 'own' && this.makers.size === 0;
  }

  /** Fires no further slot of it in this process; it stays declared. */
  withdraw(name: string): void {
    this.makers.delete(name);
  }

  /** Which schedules this process fires, and what the slots of its own submit. */
  slots(): DeclaredSlots {
    return this.firing;
  }

  names(): string[] {
    return [...this.entries.keys()];
  }

  /** Those that the record does not have yet, or has as an older process declared them. */
  unrecorded(): DeclaredSchedule[] {
    return [...this.entries.values()].filter(({ isRecorded }) => !isRecorded);
  }

  /** Takes over what the record says, as other replicas fire slots as well. */
  seen(rows: readonly ScheduleRow[]): void {
    for (const { name, lastRunAt } of rows) this.ran(name, lastRunAt);
  }

  /** Counts what was fired here. */
  fired({ slots, missed }: FireReport): void {
    for (const { schedule, slotAt, outcome, reason } of slots) {
      const entry = this.entries.get(schedule.name);
      if (!entry) continue;
      if (outcome === 'skipped') entry.skipped += 1;
      else entry.runs += 1;
      if (outcome === 'refused') entry.failures += 1;
      entry.lastError = outcome === 'refused' ? reason : null;
      this.ran(schedule.name, slotAt);
    }
    for (const { schedule, count } of missed) {
      const entry = this.entries.get(schedule);
      if (entry) entry.missed += count;
    }
  }

  stats(now = new Date()): JobStats[] {
    return [...this.entries.values()].map(({ name, definition, lastRunAt, ...counts }) => ({
      name,
      kind: 'task',
      spec: textOf(definition),
      running: false,
      nextRunAt: nextSlotOf(name, definition, now)?.runAt ?? null,
      previousRunAt: lastRunAt,
      lastDurationMs: null,
      lastError: counts.lastError,
      runs: counts.runs,
      failures: counts.failures,
      skipped: counts.skipped,
      missed: counts.missed,
    }));
  }

  private ran(name: string, slotAt: Date | null): void {
    const entry = this.entries.get(name);
    if (entry && slotAt && (!entry.lastRunAt || slotAt > entry.lastRunAt)) entry.lastRunAt = slotAt;
  }
}

const textOf = ({ cron, everyMs, at }: ScheduleDefinition): string =>
  cron?.join(' | ') ?? (everyMs === null ? `at ${at?.toISOString()}` : `every ${everyMs}ms`);
