import { Periodic, Program, type LoopWatch, type Metrics } from '@millrace/runtime';
import { describeError } from '@millrace/tasks';
import { Logger, type BeforeApplicationShutdown, type OnApplicationBootstrap } from '@nestjs/common';
import type { Duty, DutyCounts } from './duty';

/** How a duty has been doing in this process. */
export interface DutyStats {
  readonly name: string;
  readonly intervalMs: number;
  readonly runs: number;
  readonly failures: number;
  readonly lastRunAt: Date | null;
  /** How long ago that was, whatever the clock has been set to since. */
  readonly ageMs: number | null;
  readonly lastDurationMs: number | null;
  /** What the last run did. */
  readonly lastCounts: DutyCounts;
  /** What all runs did together. */
  readonly totals: DutyCounts;
  readonly lastError: string | null;
}

/** Counts that are the ordinary course of things; everything else is a repair that a person may want to know of. */
const ROUTINE = new Set([
  ...['folded', 'recorded', 'promoted', 'forgotten', 'expired', 'losses', 'dispatched', 'vacuumed'],
  ...['fired', 'observed', 'released', 'cancelled', 'declared'],
]);

interface Entry {
  readonly loop: Periodic;
  stats: Omit<DutyStats, 'ageMs'>;
  /** When the last run ended, on a clock that nobody sets. */
  endedMs: number | null;
  /** Runs in a row that failed, up to now. */
  failing: number;
}

/** Runs every duty over and over, and keeps what they did. */
export class DutyLoops implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private readonly logger = new Logger('Duty');
  private readonly entries: Entry[] = [];
  private readonly done;

  constructor(
    duties: readonly Duty[],
    private readonly metrics: Metrics,
    private readonly watch: LoopWatch,
    private readonly program = new Program(),
  ) {
    this.done = metrics.counter({
      name: 'millrace_repair_total',
      help: 'What the duties of the scheduler did, such as tasks they put back on their queue.',
      labelNames: ['duty', 'what'],
    });
    this.add(duties);
  }

  /** Adds duties before the start. */
  add(duties: readonly Duty[]): void {
    this.entries.push(...duties.map((duty) => this.entryOf(duty)));
  }

  /** Not in a cell, which has one attempt to run and then ends. */
  onApplicationBootstrap(): void {
    if (this.program.role === 'cell') return;
    for (const { loop } of this.entries) loop.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await Promise.all(this.entries.map(({ loop }) => loop.stop()));
  }

  stats(): DutyStats[] {
    return this.entries.map(({ stats, endedMs }) => ({
      ...stats,
      ageMs: endedMs === null ? null : Math.round(performance.now() - endedMs),
    }));
  }

  private entryOf(duty: Duty): Entry {
    const { name, intervalMs } = duty;
    const loop = new Periodic({
      name,
      intervalMs,
      ...(duty.waitMs && { waitMs: () => duty.waitMs?.() ?? intervalMs }),
      metrics: this.metrics,
      watch: this.watch,
      logger: { error: (message: unknown, ...fields: unknown[]) => this.reportFailure(entry, message, fields) },
      runOnce: (signal) => this.run(duty, entry, signal),
    });
    duty.onWork?.(() => loop.wake());
    const nothing = { runs: 0, failures: 0, lastRunAt: null, lastDurationMs: null, lastError: null };
    const stats = { name, intervalMs, ...nothing, lastCounts: {}, totals: {} };
    const entry: Entry = { loop, stats, endedMs: null, failing: 0 };
    return entry;
  }

  private async run(duty: Duty, entry: Entry, signal: AbortSignal): Promise<void> {
    const startedMs = performance.now();
    const stats = entry.stats;
    const facts = () => ({
      runs: stats.runs + 1,
      lastRunAt: new Date(),
      lastDurationMs: Math.round(performance.now() - startedMs),
    });
    try {
      const counts = await duty.runOnce(signal);
      entry.stats = {
        ...stats,
        ...facts(),
        lastCounts: counts,
        totals: added(stats.totals, counts),
        lastError: null,
      };
      this.report(duty.name, counts);
      if (entry.failing > 0) this.logger.log('A duty works again', { duty: duty.name, failed: entry.failing });
      entry.failing = 0;
    } catch (error) {
      entry.stats = { ...stats, ...facts(), failures: stats.failures + 1, lastError: describeError(error) };
      throw error;
    } finally {
      entry.endedMs = performance.now();
    }
  }

  /** An outage is one line, not one a second. */
  private reportFailure(entry: Entry, message: unknown, fields: unknown[]): void {
    entry.failing += 1;
    if (entry.failing === 1) this.logger.error(message, ...fields);
    else this.logger.debug(message, ...fields);
  }

  private report(duty: string, counts: DutyCounts): void {
    const done = Object.entries(counts).filter(([, count]) => count > 0);
    for (const [what, count] of done) this.done.inc({ duty, what }, count);
    const repaired = done.filter(([what]) => !ROUTINE.has(what));
    if (repaired.length > 0) this.logger.warn('A duty repaired something', { duty, ...Object.fromEntries(repaired) });
  }
}

function added(totals: DutyCounts, counts: DutyCounts): DutyCounts {
  const sums = { ...totals };
  for (const [what, count] of Object.entries(counts)) sums[what] = (sums[what] ?? 0) + count;
  return sums;
}
