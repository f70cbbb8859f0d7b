import { Queues } from '@millrace/queue';
import { Injectable } from '@nestjs/common';
import type { Duty, DutyCounts } from '@millrace/scheduling';
import { KnownQueues } from './known-queues';

const LIMIT = 500;
const MAX_BATCHES = 20;

/** Moves due tasks to their ready lists. Workers do it to the millisecond; this is for queues that none serves now. */
@Injectable()
export class PromoteDue implements Duty {
  readonly name = 'promote-due';
  readonly intervalMs = 5_000;

  constructor(
    private readonly queues: Queues,
    private readonly known: KnownQueues,
  ) {}

  async runOnce(signal?: AbortSignal): Promise<DutyCounts> {
    let promoted = 0;
    for (const name of await this.known.all()) {
      for (let batch = 0; batch < MAX_BATCHES && !signal?.aborted; batch += 1) {
        const { moved, nextDueInMs } = await this.queues.of(name).promote({ limit: LIMIT });
        promoted += moved;
        if (nextDueInMs !== 0) break;
      }
    }
    return { promoted };
  }
}
