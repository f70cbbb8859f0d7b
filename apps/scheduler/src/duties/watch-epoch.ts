import { Queues } from '@millrace/queue';
import { Store } from '@millrace/store';
import { Injectable, Logger } from '@nestjs/common';
import type { Duty, DutyCounts } from '@millrace/scheduling';
import { RequeueMissing } from './requeue-missing';
import { Witnesses, type Witness } from './witnesses';

/**
 * Listens to both stores, and notices when Redis lost its data or another server answers in its place: then everything
 * pending is swept at once, and the loss counts as an outage of that witness.
 */
@Injectable()
export class WatchEpoch implements Duty {
  readonly name = 'watch-epoch';
  readonly intervalMs = 1_000;
  private readonly logger = new Logger('Duty');

  constructor(
    private readonly queues: Queues,
    private readonly store: Store,
    private readonly witnesses: Witnesses,
    private readonly requeueMissing: RequeueMissing,
  ) {}

  /** Throws what a store that does not answer throws, after both were asked. */
  async runOnce(): Promise<DutyCounts> {
    const [{ lost, isFirst }] = await settled([
      this.hear('redis', () => this.queues.checkEpoch()),
      this.hear('postgres', () => this.store.ping()),
    ]);
    if (!lost) return { losses: 0 };
    this.witnesses.interrupted('redis');
    this.requeueMissing.startOver();
    // Every new installation begins so; if it was a loss, the sweep warns of what it had to queue again.
    if (isFirst) this.logger.log('Redis holds nothing of Millrace yet; every pending task is looked for');
    else this.logger.warn('Redis lost its data or was replaced; every pending task is queued again');
    return { losses: 1 };
  }

  private async hear<T>(witness: Witness, ask: () => Promise<T>): Promise<T> {
    try {
      const answer = await ask();
      this.witnesses.answered(witness);
      return answer;
    } catch (error) {
      this.witnesses.interrupted(witness);
      throw error;
    }
  }
}

/** Waits for all, then answers or throws as the first that failed did. */
async function settled<A, B>(work: [Promise<A>, Promise<B>]): Promise<[A, B]> {
  await Promise.allSettled(work);
  return Promise.all(work);
}
