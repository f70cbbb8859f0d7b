import { LockTimedOut, Partitions } from '@millrace/store';
import { Injectable, Logger } from '@nestjs/common';
import { SchedulerConfig } from '../scheduler.config';

/** What one run made and removed. */
export interface PruneCounts {
  readonly partitionsCreated: number;
  readonly partitionsDropped: number;
  readonly tasksRemoved: number;
}

/** Runs of the store's bounded prune in one go; the next moment goes on. */
const MAX_ROUNDS = 10;

/**
 * Makes the partitions of the coming time and removes what is older than `RETENTION_*`, whole partitions where it can.
 * Runs by the schedule `retention`. Safe in every replica; what another process holds is left for the next moment.
 */
@Injectable()
export class PruneFinished {
  private readonly logger = new Logger('Duty');

  constructor(
    private readonly partitions: Partitions,
    private readonly config: SchedulerConfig,
  ) {}

  async runOnce(): Promise<PruneCounts> {
    const counts = { partitionsCreated: 0, partitionsDropped: 0, tasksRemoved: 0 };
    try {
      await this.run(counts);
    } catch (error) {
      if (!(error instanceof LockTimedOut)) throw error;
      // Another replica is at it, or stopped in the middle of it, or somebody reads a partition for long. Nothing is lost by waiting.
      this.logger.warn('Retention goes on at its next moment: another process holds what it needs', counts);
    }
    const { partitionsDropped, tasksRemoved } = counts;
    if (tasksRemoved > 0 || partitionsDropped > 0) this.logger.log('Finished tasks were removed by age', counts);
    return counts;
  }

  /** Adds to `counts` what is done, so that it is told also when the rest has to wait. */
  private async run(counts: { -readonly [K in keyof PruneCounts]: PruneCounts[K] }): Promise<void> {
    const retention = {
      successMs: this.config.retentionSuccessMs,
      failedMs: this.config.retentionFailedMs,
      cancelledMs: this.config.retentionCancelledMs,
    };
    const { created } = await this.partitions.ensure({ retention });
    counts.partitionsCreated = created.length;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const pruned = await this.partitions.prune(retention);
      counts.partitionsDropped += pruned.partitions;
      counts.tasksRemoved += pruned.droppedTasks + pruned.deletedTasks;
      if (pruned.done) break;
    }
  }
}
