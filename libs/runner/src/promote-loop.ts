import { Logger } from '@nestjs/common';
import { pause } from '@millrace/contracts';
import type { Queues } from '@millrace/queue';
import { retryPauseMs } from './patience';

/** Most tasks moved in one call; while more are due it is called again at once. */
const BATCH = 500;

/**
 * Moves the due delayed tasks of one queue to its ready list. It sleeps until the next one is due, at most
 * `pollIntervalMs`, and wakes when somebody puts a task there.
 */
export class PromoteLoop {
  private readonly logger = new Logger(PromoteLoop.name);
  private failures = 0;

  constructor(
    private readonly options: { readonly queue: string; readonly pollIntervalMs: number; readonly turned: () => void },
    private readonly queues: Queues,
  ) {}

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { queue, pollIntervalMs, turned } = this.options;
    while (!signal.aborted) {
      try {
        const nextDueInMs = await this.runOnce();
        this.failures = 0;
        const timeoutMs = Math.max(0, Math.min(pollIntervalMs, nextDueInMs ?? pollIntervalMs));
        if (timeoutMs > 0) await this.queues.of(queue).waitForDelayedChange({ timeoutMs, signal });
      } catch (error) {
        this.failures += 1;
        if (this.failures === 1) this.logger.warn('Promoting waits for Redis', { queue, error });
        await pause(retryPauseMs(this.failures), signal);
      }
      turned();
    }
  }

  /** Moves what is due. Returns the milliseconds until the next one is, or null when none is left. */
  async runOnce(): Promise<number | null> {
    for (;;) {
      const { moved, nextDueInMs } = await this.queues.of(this.options.queue).promote({ limit: BATCH });
      if (moved === 0 || nextDueInMs !== 0) return nextDueInMs;
    }
  }
}
