import { Queues } from '@millrace/queue';
import { Injectable } from '@nestjs/common';
import { SchedulerConfig } from '../scheduler.config';
import type { Duty, DutyCounts } from '@millrace/scheduling';
import { KnownQueues } from './known-queues';

/** Gives back entries that landed for a worker which died before it could lease them. */
@Injectable()
export class SweepLandings implements Duty {
  readonly name = 'sweep-landings';
  readonly intervalMs = 5_000;

  constructor(
    private readonly queues: Queues,
    private readonly known: KnownQueues,
    private readonly config: SchedulerConfig,
  ) {}

  async runOnce(): Promise<DutyCounts> {
    let returned = 0;
    for (const name of await this.known.all()) {
      returned += await this.queues.of(name).repair.sweepLandings({ olderThanMs: this.config.queueLeaseMs * 1.5 });
    }
    return { returned };
  }
}
