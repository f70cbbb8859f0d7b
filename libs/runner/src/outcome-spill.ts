import { Logger } from '@nestjs/common';
import type { Queues } from '@millrace/queue';
import type { FinishedAttempt } from './outcome-writer';
import type { SpillFolder } from './spill-folder';

/** So long nobody else is given a task whose outcome lies on disk: time to start a worker with the same folder. */
export const SPILLED_HOLD_MS = 300_000;

/** Saves what a worker that has to end could not have recorded. */
export class OutcomeSpill {
  private readonly logger = new Logger(OutcomeSpill.name);
  private saved: readonly FinishedAttempt[] = [];

  /** @param folder Null: outcomes that are unrecorded at the end are lost, and their tasks run again. */
  constructor(
    private readonly workerId: string,
    private readonly folder: SpillFolder | null,
    private readonly queues: Queues,
  ) {}

  /** Never rejects: what cannot be saved is logged, and its tasks run again. */
  async save(attempts: readonly FinishedAttempt[]): Promise<void> {
    if (attempts.length === 0) return;
    const outcomes = attempts.length;
    if (!this.folder) {
      this.logger.error('Outcomes are lost: no spill folder is configured', { outcomes });
      return;
    }
    try {
      await this.folder.write(
        attempts.map(({ held: { claim }, record }) => ({ queue: claim.queue, token: claim.token, record })),
      );
      this.saved = attempts;
      this.logger.warn('Outcomes were saved on disk to be recorded later', { outcomes });
    } catch (error) {
      this.logger.error('Outcomes are lost: they could not be saved', { outcomes, error });
    }
  }

  /** Keeps the tasks of saved outcomes from being run again for five minutes. After the goodbye, which would undo it. */
  async keepHolds(): Promise<void> {
    const claims = this.saved.map(({ held }) => held.claim);
    for (const queue of new Set(claims.map((claim) => claim.queue))) {
      const holds = claims.filter((claim) => claim.queue === queue);
      try {
        await this.queues.of(queue).outlive({ workerId: this.workerId, forMs: SPILLED_HOLD_MS, holds });
      } catch (error) {
        this.logger.warn('Tasks of saved outcomes may run again', { queue, tasks: holds.length, error });
      }
    }
  }
}
