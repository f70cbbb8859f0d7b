import { Logger } from '@nestjs/common';
import type { Queues } from '@millrace/queue';
import type { HeldTasks } from './held-tasks';
import { keepSpilled } from './keep-spilled';
import type { FinishedAttempt, OutcomeBuffer } from './outcome-buffer';
import type { SpillFolder } from './spill-folder';
import type { Tally } from './tally';

/** PostgreSQL may owe an answer for this long before outcomes go to disk: shorter than any outage worth the name. */
const PATIENCE_MS = 1_000;

/** After a failure the disk is left alone for this long. */
const AFTER_FAILURE_MS = 5_000;

/** Most outcomes of one file. */
const BATCH = 500;

export interface OutcomeSpillParts {
  /** Null: outcomes wait in memory alone, and those that are unrecorded at the end are lost. */
  readonly folder: SpillFolder | null;
  readonly buffer: OutcomeBuffer;
  readonly held: HeldTasks;
  readonly queues: Queues;
  readonly tally: Tally;
  /** For how long PostgreSQL has owed the answer to an outcome. */
  readonly unansweredForMs: () => number;
}

/**
 * Saves on disk what PostgreSQL does not take: soon after an outage has begun, so that a worker that is killed in it loses
 * little, and when the worker has to end. From then on the outcome belongs to whoever replays the folder; its task keeps its
 * hold in Redis, for minutes and not for a lease, whether or not this worker lives.
 */
export class OutcomeSpill {
  private readonly logger = new Logger(OutcomeSpill.name);
  private spilling = false;
  private pausedUntilMs = 0;

  constructor(private readonly parts: OutcomeSpillParts) {}

  /** Saves what waits if PostgreSQL has not answered for a second. Returns how many outcomes. Never rejects. */
  async runOnce(): Promise<number> {
    const { folder, buffer, unansweredForMs } = this.parts;
    if (unansweredForMs() < PATIENCE_MS) this.spilling = false;
    else if (folder && buffer.size > 0 && performance.now() >= this.pausedUntilMs) return this.saveAll(folder);
    return 0;
  }

  /** Saves everything that waits, because the worker ends. Never rejects: what cannot be saved is logged, and runs again. */
  async saveRest(): Promise<void> {
    const { folder, buffer } = this.parts;
    if (folder && buffer.size > 0) await this.saveAll(folder);
    if (buffer.size === 0) return;
    const reason = folder ? 'they could not be saved' : 'no spill folder is configured';
    this.logger.error('Outcomes are lost', { reason, outcomes: buffer.size });
  }

  private async saveAll(folder: SpillFolder): Promise<number> {
    let saved = 0;
    try {
      for (let batch = this.next(); batch.length > 0; batch = this.next()) {
        await this.save(folder, batch);
        saved += batch.length;
      }
    } catch (error) {
      this.pausedUntilMs = performance.now() + AFTER_FAILURE_MS;
      this.logger.error('Outcomes could not be saved on disk', { outcomes: this.parts.buffer.size, error });
    }
    return saved;
  }

  private next(): readonly FinishedAttempt[] {
    return this.parts.buffer.oldest(BATCH);
  }

  private async save(folder: SpillFolder, batch: readonly FinishedAttempt[]): Promise<void> {
    const { buffer, held, queues, tally } = this.parts;
    const outcomes = batch.map(({ held: { claim }, record }) => ({ queue: claim.queue, token: claim.token, record }));
    await folder.write(outcomes);
    buffer.remove(batch);
    for (const finished of batch) held.remove(finished.held);
    tally.spilled(batch.length);
    if (!this.spilling) this.logger.warn('Outcomes go to disk, to be recorded later', { outcomes: batch.length });
    this.spilling = true;
    await keepSpilled(queues, outcomes);
  }
}
