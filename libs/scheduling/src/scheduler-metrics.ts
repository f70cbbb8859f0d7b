import { Metrics } from '@millrace/runtime';
import { Injectable } from '@nestjs/common';

/** The `millrace_scheduler_*` metrics of functions. Prometheus has a label `job` of its own. */
@Injectable()
export class SchedulerMetrics {
  private readonly runs;
  private readonly durations;
  private readonly lateness;
  private readonly skips;
  private readonly misses;

  constructor(metrics: Metrics) {
    this.runs = metrics.counter({
      name: 'millrace_scheduler_runs_total',
      help: 'Runs of a schedule in this process, by result (ok, error).',
      labelNames: ['function', 'result'],
    });
    this.durations = metrics.histogram({
      name: 'millrace_scheduler_run_duration_seconds',
      help: 'How long one run of a schedule took.',
      labelNames: ['function'],
    });
    this.lateness = metrics.histogram({
      name: 'millrace_scheduler_lateness_seconds',
      help: 'How long after its nominal moment a schedule fired.',
      labelNames: ['function'],
    });
    this.skips = metrics.counter({
      name: 'millrace_scheduler_skipped_total',
      help: 'Moments that came while the run before was still going.',
      labelNames: ['function'],
    });
    this.misses = metrics.counter({
      name: 'millrace_scheduler_missed_total',
      help: 'Moments that passed while this process was stalled or paused.',
      labelNames: ['function'],
    });
  }

  fired(job: string, lateMs: number): void {
    // From nothing to the first error is no increase to Prometheus.
    for (const result of ['ok', 'error']) this.runs.inc({ function: job, result }, 0);
    this.lateness.observe({ function: job }, Math.max(lateMs, 0) / 1_000);
  }

  ended(job: string, result: 'ok' | 'error', ms: number): void {
    this.runs.inc({ function: job, result });
    this.durations.observe({ function: job }, ms / 1_000);
  }

  skipped(job: string): void {
    this.skips.inc({ function: job });
  }

  missed(job: string, count: number): void {
    this.misses.inc({ function: job }, count);
  }
}
