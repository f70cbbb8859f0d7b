import type { AttemptOutcome, TaskStatus } from '@millrace/contracts';
import { Metrics } from '@millrace/runtime';
import type { StartedTask } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { TypeMetrics, type TaskLabels } from './type-metrics';

const BATCH_BUCKETS = [1, 2, 5, 10, 20, 50, 100, 200, 500];

/** What one worker process has done since it started, in tasks or attempts. */
export interface Totals {
  /** Entries taken from queues. */
  claimed: number;
  /** Attempts that PostgreSQL gave this worker. */
  started: number;
  /** Tasks that ended `success`, `failed`, `cancelled`. */
  succeeded: number;
  failed: number;
  cancelled: number;
  /** Attempts that failed or timed out and were given another try. */
  retried: number;
  /** Attempts that ran too long. */
  timed_out: number;
  /** Attempts that asked to run later, and those a shutdown handed back. */
  snoozed: number;
  interrupted: number;
  /** Attempts whose outcome was refused because another one had taken their place. */
  superseded: number;
  /** Tasks that had expired before their start. */
  expired: number;
  /** Entries that were stale hints, of a type nobody here serves, or unreadable. */
  refused: number;
  unroutable: number;
  bad: number;
}

/** Counts what the worker does, for `GET /stats` and `/metrics`. */
@Injectable()
export class Tally {
  readonly totals: Totals = {
    claimed: 0,
    started: 0,
    succeeded: 0,
    failed: 0,
    cancelled: 0,
    retried: 0,
    timed_out: 0,
    snoozed: 0,
    interrupted: 0,
    superseded: 0,
    expired: 0,
    refused: 0,
    unroutable: 0,
    bad: 0,
  };
  private readonly types: TypeMetrics;
  private readonly unroutableTasks;
  private readonly badEntries;
  private readonly batches;
  private readonly spilledOutcomes;

  constructor(metrics: Metrics) {
    this.types = new TypeMetrics(metrics);
    this.unroutableTasks = metrics.counter({
      name: 'millrace_tasks_unroutable_total',
      help: 'Claims of a type that this worker has no handler for.',
      labelNames: ['queue'],
    });
    this.badEntries = metrics.counter({
      name: 'millrace_queue_bad_entries_total',
      help: 'Entries set aside because they cannot be read.',
      labelNames: ['queue'],
    });
    this.batches = metrics.histogram({
      name: 'millrace_batch_size',
      help: 'How many tasks shared one statement, by step (start, outcome).',
      labelNames: ['step'],
      buckets: BATCH_BUCKETS,
    });
    this.spilledOutcomes = metrics.counter({
      name: 'millrace_worker_outcomes_spilled_total',
      help: 'Outcomes saved on disk because PostgreSQL did not take them.',
    });
  }

  claimed(count: number): void {
    this.totals.claimed += count;
  }

  started(task: StartedTask): void {
    this.totals.started += 1;
    this.types.of(task).waits.observe(Math.max(0, secondsWaited(task)));
  }

  /** An attempt whose outcome is recorded; `status` is the task's from then on. */
  recorded(labels: TaskLabels, outcome: AttemptOutcome, status: TaskStatus): void {
    const counts = this.types.of(labels);
    counts.ended(outcome);
    if (outcome === 'timed_out' || outcome === 'snoozed' || outcome === 'interrupted') this.totals[outcome] += 1;
    switch (status) {
      case 'success':
        this.totals.succeeded += 1;
        break;
      case 'failed':
      case 'cancelled':
        this.totals[status] += 1;
        break;
      case 'pending':
      case 'processing':
        if (outcome === 'failed' || outcome === 'timed_out') this.totals.retried += 1;
        return;
      default:
        status satisfies never;
    }
    counts.finish(status);
  }

  ran(labels: TaskLabels, seconds: number): void {
    this.types.of(labels).durations.observe(seconds);
  }

  superseded(labels: TaskLabels): void {
    this.totals.superseded += 1;
    this.types.of(labels).ended('superseded');
  }

  expired(labels: TaskLabels): void {
    this.totals.expired += 1;
    this.types.of(labels).finish('expired');
  }

  refused(): void {
    this.totals.refused += 1;
  }

  unroutable(queue: string): void {
    this.totals.unroutable += 1;
    this.unroutableTasks.inc({ queue });
  }

  bad(queue: string, count: number): void {
    this.totals.bad += count;
    this.badEntries.inc({ queue }, count);
  }

  /** Outcomes saved on disk, to be recorded by whoever replays them. */
  spilled(count: number): void {
    this.spilledOutcomes.inc(count);
  }

  batch(step: 'start' | 'outcome', size: number): void {
    this.batches.observe({ step }, size);
  }
}

/** From the moment the task was due until its start, by the database's clock. */
function secondsWaited({ startedAt, runAt, createdAt }: StartedTask): number {
  const dueAt = Math.max(runAt.getTime(), createdAt.getTime());
  return ((startedAt?.getTime() ?? dueAt) - dueAt) / 1_000;
}
