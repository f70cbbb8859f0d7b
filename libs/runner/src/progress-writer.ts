import { Logger } from '@nestjs/common';
import { pause } from '@millrace/contracts';
import type { ProgressRecord, TaskRepository } from '@millrace/store';
import type { HeldTask } from './held-tasks';
import { waitAtMost } from './patience';

/** Shortest time between two writes of one worker. */
const INTERVAL_MS = 1_000;

/** How long an outcome waits for the last word about its progress: that is for people who watch, the outcome counts. */
const FLUSH_MS = 500;

/** Most tasks of one write. */
const BATCH = 500;

/**
 * Records what running handlers say about their progress: at most once a second, the last value of each. Progress is
 * for people who watch; a write that fails is not repeated.
 */
export class ProgressWriter {
  private readonly logger = new Logger(ProgressWriter.name);
  private readonly latest = new Map<HeldTask, ProgressRecord>();
  private turning: Promise<void> | null = null;
  /** The tasks of the write that is under way. */
  private inFlight: { readonly tasks: ReadonlySet<HeldTask>; readonly done: Promise<void> } | null = null;

  constructor(
    private readonly tasks: TaskRepository,
    private readonly stopping: AbortSignal,
  ) {}

  set(held: HeldTask, progress: ProgressRecord): void {
    this.latest.set(held, progress);
    this.turning ??= this.turn();
  }

  /**
   * Writes a task's last value before its outcome, which closes the row to it; takes half a second at most. Null when there
   * is nothing to write.
   */
  flush(held: HeldTask): Promise<void> | null {
    const last = this.latest.get(held);
    if (!last) return this.inFlight?.tasks.has(held) ? this.inFlight.done : null;
    this.latest.delete(held);
    return waitAtMost(FLUSH_MS, this.write([last]));
  }

  private async turn(): Promise<void> {
    while (this.latest.size > 0) {
      const batch = [...this.latest].slice(0, BATCH);
      for (const [held] of batch) this.latest.delete(held);
      const done = this.write(batch.map(([, progress]) => progress));
      this.inFlight = { tasks: new Set(batch.map(([held]) => held)), done };
      await done;
      this.inFlight = null;
      await pause(INTERVAL_MS, this.stopping);
    }
    this.turning = null;
  }

  private async write(batch: readonly ProgressRecord[]): Promise<void> {
    try {
      await this.tasks.setProgress(batch);
    } catch (error) {
      this.logger.warn('Progress was not recorded', { tasks: batch.length, error });
    }
  }
}
