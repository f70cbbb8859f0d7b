import type { CancelSignals } from '@millrace/queue';
import type { TaskRepository } from '@millrace/store';
import { TaskCancelled } from './abort-reasons';
import type { HeldTasks } from './held-tasks';

/**
 * Aborts running tasks that somebody asked to cancel. The row is asked, with each renewal and whenever a signal through
 * Redis names a task that runs here: the signal makes it quick, the row makes it certain.
 */
export class CancelWatch {
  private unsubscribe: (() => void) | null = null;
  private asking: Promise<void> | null = null;
  private askAgain = false;

  constructor(
    private readonly workerId: string,
    private readonly held: HeldTasks,
    private readonly tasks: TaskRepository,
    private readonly signals: CancelSignals,
  ) {}

  start(): void {
    this.unsubscribe = this.signals.subscribe((taskId) => {
      if (this.held.running(taskId)) void this.askSoon();
    });
  }

  stop(): void {
    this.unsubscribe?.();
  }

  /** Aborts what is to be cancelled. Throws `StoreUnavailable`. */
  async runOnce(): Promise<void> {
    if (this.held.size === 0) return;
    for (const { taskId, attempt } of await this.tasks.cancelRequested(this.workerId)) {
      const held = this.held.running(taskId);
      if (held && held.attempt === attempt) held.run?.abort(new TaskCancelled());
    }
  }

  /** One question at a time; signals that arrive meanwhile share the next one. */
  private async askSoon(): Promise<void> {
    this.askAgain = true;
    this.asking ??= this.askWhileWanted();
    await this.asking;
  }

  private async askWhileWanted(): Promise<void> {
    while (this.askAgain) {
      this.askAgain = false;
      // A failed question is asked again with the next renewal.
      await this.runOnce().catch(() => undefined);
    }
    this.asking = null;
  }
}
