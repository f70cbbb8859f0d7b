import { Logger } from '@nestjs/common';
import { describeError } from '@millrace/tasks';
import type { SchedulerRegistry } from '@nestjs/schedule';
import type { SchedulerMetrics } from './scheduler-metrics';
import type { Timing } from './timing';

/** What a job is told when it runs. */
export interface Fire {
  /** The nominal moment; the actual one is a little later. */
  readonly slotAt: Date;
  /** Aborts when the scheduler stops. */
  readonly signal: AbortSignal;
}

export interface TimedJobParts {
  readonly name: string;
  readonly kind: 'func' | 'interval';
  readonly timing: Timing;
  readonly run: (fire: Fire) => unknown;
  readonly registry: SchedulerRegistry;
  readonly metrics: SchedulerMetrics;
  /** Epoch ms. Default the machine's clock. */
  readonly now?: () => number;
}

/** How a job has been doing in this process. */
export interface JobStats {
  readonly name: string;
  readonly kind: 'func' | 'interval' | 'task';
  readonly spec: string;
  readonly running: boolean;
  readonly nextRunAt: Date | null;
  readonly previousRunAt: Date | null;
  readonly lastDurationMs: number | null;
  readonly lastError: string | null;
  readonly runs: number;
  readonly failures: number;
  /** Moments that came while the run before was still going. */
  readonly skipped: number;
  /** Moments that passed while this process was stalled or paused. */
  readonly missed: number;
}

/** A moment that is later than this does not fire any more. */
export const LATEST_FIRE_MS = 60_000;

/** The clock is read again at least this often: timers follow neither clock changes nor a suspended machine. */
const MAX_WAIT_MS = 60_000;

/** Counting further would only cost time. */
const MAX_COUNTED_MISSES = 1_000;

/**
 * Runs one job at its moments.
 *
 * - After a stall the latest moment still fires when it is less than a minute late; those before it count as missed.
 * - A run never overlaps the one before: the moment is skipped and counted.
 * - A run that throws is logged and counted; the next moment comes all the same.
 * - When the clock is set back no moment fires twice, and the job waits for at most the time it was going to wait anyway.
 */
export class TimedJob {
  private readonly logger = new Logger('Scheduler');
  private readonly now: () => number;
  private readonly stopping = new AbortController();
  private running: Promise<void> | null = null;
  private nextRunAt: Date | null = null;
  /** When the wait for it is over, on a clock that nobody sets. */
  private waitedForMs = 0;
  private previousRunAt: Date | null = null;
  private lastDurationMs: number | null = null;
  private lastError: string | null = null;
  private runs = 0;
  private failures = 0;
  private skipped = 0;
  private missed = 0;

  constructor(private readonly parts: TimedJobParts) {
    this.now = parts.now ?? Date.now;
  }

  /** Waits for the next moment from now on. */
  start(): void {
    this.waitFrom(new Date(this.now()));
  }

  /** Fires no further moment, aborts the run under way and waits for it, at most `timeoutMs`. Answers whether it ended. */
  async stop(timeoutMs: number): Promise<boolean> {
    this.stopping.abort();
    this.clearTimer();
    this.nextRunAt = null;
    if (!this.running) return true;

    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<false>((resolve) => {
      timer = setTimeout(() => resolve(false), timeoutMs);
    });
    const ended = await Promise.race([this.running.then(() => true), late]);
    clearTimeout(timer);
    return ended;
  }

  stats(): JobStats {
    const { name, kind, timing } = this.parts;
    return {
      name,
      kind,
      spec: timing.text,
      running: this.running !== null,
      nextRunAt: this.nextRunAt,
      previousRunAt: this.previousRunAt,
      lastDurationMs: this.lastDurationMs,
      lastError: this.lastError,
      runs: this.runs,
      failures: this.failures,
      skipped: this.skipped,
      missed: this.missed,
    };
  }

  private waitFrom(after: Date): void {
    this.nextRunAt = this.parts.timing.next(after);
    if (!this.nextRunAt) return;
    this.waitedForMs = performance.now() + this.nextRunAt.getTime() - this.now();
    this.setTimer(this.nextRunAt);
  }

  private setTimer(next: Date): void {
    this.clearTimer();
    if (this.stopping.signal.aborted) return;
    const waitMs = Math.min(next.getTime() - this.now(), this.waitedForMs - performance.now(), MAX_WAIT_MS);
    this.parts.registry.addTimeout(
      this.parts.name,
      setTimeout(() => this.wake(next), Math.max(waitMs, 0)),
    );
  }

  private clearTimer(): void {
    const { registry, name } = this.parts;
    if (registry.doesExist('timeout', name)) registry.deleteTimeout(name);
  }

  private wake(next: Date): void {
    const nowMs = this.now();
    if (nowMs < next.getTime()) {
      // A timer may be a moment early, and a long wait comes in pieces. A clock that was set back would have it begin anew.
      if (performance.now() < this.waitedForMs) return this.setTimer(next);
      return this.waitFrom(new Date(nowMs));
    }

    const slot = this.parts.timing.latest(new Date(nowMs)) ?? next;
    this.miss(this.momentsBetween(next, slot));
    if (nowMs - slot.getTime() < LATEST_FIRE_MS) this.fire(slot);
    else this.miss(1);
    this.waitFrom(new Date(nowMs));
  }

  private momentsBetween(from: Date, to: Date): number {
    let count = 0;
    for (let at: Date | null = from; at && at < to && count < MAX_COUNTED_MISSES; at = this.parts.timing.next(at)) {
      count += 1;
    }
    return count;
  }

  private miss(count: number): void {
    if (count === 0) return;
    this.missed += count;
    this.parts.metrics.missed(this.parts.name, count);
    this.logger.warn('Moments of a schedule passed while this process stood still', { job: this.parts.name, count });
  }

  private fire(slotAt: Date): void {
    if (this.running) {
      this.skipped += 1;
      this.parts.metrics.skipped(this.parts.name);
      this.logger.warn('A schedule is due while its last run is still going', { job: this.parts.name, slotAt });
      return;
    }
    this.previousRunAt = slotAt;
    this.running = this.runOnce(slotAt).finally(() => {
      this.running = null;
    });
  }

  private async runOnce(slotAt: Date): Promise<void> {
    const { name, run, metrics } = this.parts;
    const startedMs = performance.now();
    metrics.fired(name, this.now() - slotAt.getTime());
    let error: unknown;
    try {
      await run({ slotAt, signal: this.stopping.signal });
    } catch (thrown) {
      error = thrown ?? new Error('The function threw nothing');
    }
    const ms = Math.round(performance.now() - startedMs);
    this.runs += 1;
    this.lastDurationMs = ms;
    this.lastError = error === undefined ? null : describeError(error);
    metrics.ended(name, error === undefined ? 'ok' : 'error', ms);
    if (error === undefined) return this.logger.log('A schedule ran', { job: name, slotAt, ms });
    this.failures += 1;
    this.logger.error('A run of a schedule failed', { job: name, slotAt, ms, error });
  }
}
