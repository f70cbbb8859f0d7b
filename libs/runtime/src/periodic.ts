import { pause } from '@millrace/contracts';
import { Logger } from '@nestjs/common';
import type { LoopWatch, WatchedLoop } from './loop-watch';
import type { Metrics } from './metrics';

export interface PeriodicOptions {
  /** Names the loop in logs, metrics and liveness, such as `promote-due`. */
  readonly name: string;
  /** Wait between the end of one run and the start of the next; up to a tenth is added at random. */
  readonly intervalMs: number;
  /** Asked after each run: the next one begins this much later, if that is sooner than `intervalMs`. */
  readonly waitMs?: () => number;
  /** One run of the duty. It gets a signal that aborts when the loop stops. */
  readonly runOnce: (signal: AbortSignal) => Promise<unknown>;
  readonly metrics: Metrics;
  readonly watch: LoopWatch;
  /** Longest time one run may take before liveness calls the loop stuck. Default 5 minutes. */
  readonly maxRunMs?: number;
  /** Default: a logger named after the loop. */
  readonly logger?: Pick<Logger, 'error'>;
  readonly random?: () => number;
}

/**
 * Decides when a duty runs, and nothing else.
 *
 * - A run that throws is logged and counted; the loop waits its interval and goes on.
 * - Runs never overlap.
 */
export class Periodic {
  private readonly logger: Pick<Logger, 'error'>;
  private stopping = new AbortController();
  private waking = new AbortController();
  private loop: Promise<void> | undefined;

  constructor(private readonly options: PeriodicOptions) {
    this.logger = options.logger ?? new Logger(options.name);
  }

  /** Starts the loop; the first run begins at once. Does nothing when it runs already. */
  start(): void {
    if (this.loop) return;
    const { name, intervalMs, maxRunMs = 300_000, watch } = this.options;
    this.stopping = new AbortController();
    this.loop = this.turn(watch.watch(name, intervalMs * 2 + maxRunMs), this.stopping.signal);
  }

  /** Starts no further run and waits for the one under way, whose signal aborts. */
  async stop(): Promise<void> {
    this.stopping.abort();
    this.waking.abort();
    await this.loop;
    this.loop = undefined;
  }

  /** Ends the present wait: the next run begins now instead of later. */
  wake(): void {
    this.waking.abort();
  }

  private async turn(loop: WatchedLoop, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.waking = new AbortController();
      await this.run(signal);
      loop.turned();
      await pause(this.untilNextRunMs(), this.waking.signal);
    }
    loop.end();
  }

  private untilNextRunMs(): number {
    const { intervalMs, waitMs, random = Math.random } = this.options;
    const usualMs = intervalMs * (1 + random() / 10);
    return waitMs ? Math.min(Math.max(waitMs(), 0), usualMs) : usualMs;
  }

  private async run(signal: AbortSignal): Promise<void> {
    const { name, metrics, runOnce } = this.options;
    const startedAtMs = performance.now();
    let result = 'ok';
    try {
      await runOnce(signal);
    } catch (error) {
      result = 'error';
      if (!signal.aborted) this.logger.error('A run of the loop failed', { loop: name, error });
    }
    runsOf(metrics).inc({ loop: name, result });
    durationsOf(metrics).observe({ loop: name }, (performance.now() - startedAtMs) / 1000);
    if (result === 'ok') lastRunOf(metrics).set({ loop: name }, Date.now() / 1000);
  }
}

function runsOf(metrics: Metrics) {
  return metrics.counter({
    name: 'millrace_loop_runs_total',
    help: 'Runs of a background loop, by result (ok, error).',
    labelNames: ['loop', 'result'],
  });
}

function durationsOf(metrics: Metrics) {
  return metrics.histogram({
    name: 'millrace_loop_duration_seconds',
    help: 'How long one run of a background loop took.',
    labelNames: ['loop'],
  });
}

function lastRunOf(metrics: Metrics) {
  return metrics.gauge({
    name: 'millrace_loop_last_success_timestamp_seconds',
    help: 'When a background loop last ran without an error.',
    labelNames: ['loop'],
  });
}
