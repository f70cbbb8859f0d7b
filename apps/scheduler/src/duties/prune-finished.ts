import { Partitions } from '@millrace/store';
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
 * Runs by the schedule `retention`. Safe in every replica.
 */
@Injectable()
export class PruneFinished {
  private readonly logger = new Logger('Duty');

  constructor(
    private readonly partitions: Partitions,
    private readonly config: SchedulerConfig,
  ) {}

  async runOnce(): Promise<PruneCounts> {
    const retention = {
      successMs: this.config.retentionSuccessMs,
      failedMs: this.config.retentionFailedMs,
      cancelledMs: this.config.retentionCancelledMs,
    };
    const { created } = await this.partitions.ensure({ retention });
    let dropped = 0;
    let removed = 0;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const pruned = await this.partitions.prune(retention);
      dropped += pruned.partitions;
      removed += pruned.droppedTasks + pruned.deletedTasks;
      if (pruned.done) break;
    }
    const counts = { partitionsCreated: created.length, partitionsDropped: dropped, tasksRemoved: removed };
    if (removed > 0 || dropped > 0) this.logger.log('Finished tasks were removed by age', counts);
    return counts;
  }
}
