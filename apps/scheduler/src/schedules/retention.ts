import { Injectable } from '@nestjs/common';
import { PruneFinished, type PruneCounts } from '../duties/prune-finished';
import { ScheduledFunc } from '@millrace/scheduling';

/** Removes finished tasks that are older than `RETENTION_*`. Safe in every replica: partitions go one at a time. */
@Injectable()
export class Retention {
  constructor(private readonly prune: PruneFinished) {}

  @ScheduledFunc('@every 10m', { name: 'retention' })
  run(): Promise<PruneCounts> {
    return this.prune.runOnce();
  }
}
