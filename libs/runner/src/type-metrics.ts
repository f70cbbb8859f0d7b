import type { AttemptOutcome } from '@millrace/contracts';
import type { Metrics, Series } from '@millrace/runtime';

/** Upper bounds in seconds: from tasks that wait for nobody to backlogs of half an hour. */
const WAIT_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800];
const DURATION_BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600];

/** Where an attempt belongs; never a task id, which would give every task a time series of its own. */
export interface TaskLabels {
  readonly queue: string;
  readonly type: string;
}

/** How a task left this worker for good. */
export type FinishedOutcome = 'success' | 'failed' | 'cancelled' | 'expired';

/** What the tasks of one type in one queue add to the metrics. */
export class TypeCounts {
  /** Since the last scrape. */
  readonly attempts = new Map<AttemptOutcome, number>();
  readonly finished = new Map<FinishedOutcome, number>();

  constructor(
    readonly labels: TaskLabels,
    readonly waits: Series,
    readonly durations: Series,
  ) {}

  ended(outcome: AttemptOutcome): void {
    this.attempts.set(outcome, (this.attempts.get(outcome) ?? 0) + 1);
  }

  finish(outcome: FinishedOutcome): void {
    this.finished.set(outcome, (this.finished.get(outcome) ?? 0) + 1);
  }
}

/**
 * The metrics by queue and type. Every task adds to five of them, so they are counted here and shown when somebody scrapes:
 * labels looked up by prom-client took 6 of a worker's 48 µs a task.
 */
export class TypeMetrics {
  private readonly byQueue = new Map<string, Map<string, TypeCounts>>();
  private readonly waits;
  private readonly durations;

  constructor(metrics: Metrics) {
    const labelNames = ['queue', 'type', 'outcome'] as const;
    metrics.counter(
      {
        name: 'millrace_tasks_finished_total',
        help: 'Tasks that reached a final status through this worker, by outcome (success, failed, cancelled, expired).',
        labelNames,
      },
      (counter) =>
        this.drain(
          ({ finished }) => finished,
          (labels, count) => counter.inc(labels, count),
        ),
    );
    metrics.counter(
      { name: 'millrace_task_attempts_total', help: 'Attempts that ended in this worker, by outcome.', labelNames },
      (counter) =>
        this.drain(
          ({ attempts }) => attempts,
          (labels, count) => counter.inc(labels, count),
        ),
    );
    this.waits = metrics.seriesHistogram({
      name: 'millrace_task_queue_wait_seconds',
      help: 'From the moment a task was due to its start.',
      buckets: WAIT_BUCKETS,
    });
    this.durations = metrics.seriesHistogram({
      name: 'millrace_task_duration_seconds',
      help: 'How long attempts ran.',
      buckets: DURATION_BUCKETS,
    });
  }

  of({ queue, type }: TaskLabels): TypeCounts {
    let byType = this.byQueue.get(queue);
    if (!byType) {
      byType = new Map<string, TypeCounts>();
      this.byQueue.set(queue, byType);
    }
    let counts = byType.get(type);
    if (!counts) {
      const labels = { queue, type };
      counts = new TypeCounts(labels, this.waits.series(labels), this.durations.series(labels));
      byType.set(type, counts);
    }
    return counts;
  }

  private drain<Outcome extends string>(
    of: (counts: TypeCounts) => Map<Outcome, number>,
    add: (labels: TaskLabels & { readonly outcome: Outcome }, count: number) => void,
  ): void {
    for (const byType of this.byQueue.values()) {
      for (const counts of byType.values()) {
        for (const [outcome, count] of of(counts)) add({ ...counts.labels, outcome }, count);
        of(counts).clear();
      }
    }
  }
}
