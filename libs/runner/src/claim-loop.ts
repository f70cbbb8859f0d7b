import { Logger } from '@nestjs/common';
import { failpoint, pause } from '@millrace/contracts';
import type { Claim, Queues } from '@millrace/queue';
import { retryPauseMs } from './patience';
import { QueueWeights } from './queue-weights';
import type { Slots } from './slots';

/** Longest blocking wait for work, and for a slot: the loop comes round at least this often. */
const WAIT_MS = 2_000;

/** While a store does not answer, nothing is claimed; this often the loop looks again. */
const STALLED_MS = 200;

export interface ClaimLoopOptions {
  readonly workerId: string;
  readonly leaseMs: number;
  readonly queues: ReadonlyMap<string, number>;
  /** True while claimed tasks could not be started or recorded. */
  readonly stalled: () => boolean;
  /** Takes what was claimed; `claimedAtMs` is monotonic, from before the call. */
  readonly take: (claims: readonly Claim[], claimedAtMs: number) => void;
  /** Called each time the loop has come round. */
  readonly turned: () => void;
}

/**
 * Keeps the worker's slots filled. It claims as many tasks as there are free slots, shared among the queues by weight;
 * when every queue is empty it blocks until one is not, so an idle worker asks Redis for nothing.
 */
export class ClaimLoop {
  private readonly logger = new Logger(ClaimLoop.name);
  private readonly weights: QueueWeights;
  private failures = 0;

  constructor(
    private readonly options: ClaimLoopOptions,
    private readonly queues: Queues,
    private readonly slots: Slots,
  ) {
    this.weights = new QueueWeights(options.queues);
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await this.turn(signal);
        this.failures = 0;
      } catch (error) {
        this.failures += 1;
        if (this.failures === 1) this.logger.warn('Claiming waits for Redis', { error });
        await pause(retryPauseMs(this.failures), signal);
      }
      this.options.turned();
    }
  }

  /** Claims into the free slots, once. Returns how many tasks were there. */
  async runOnce(): Promise<number> {
    const { room } = this.slots;
    return room - (await this.fill(room));
  }

  /** Claims so many tasks, if there are. Returns how many there were not. */
  private async fill(room: number): Promise<number> {
    let left = room;
    const nonEmpty = new Set(this.options.queues.keys());
    while (left > 0 && nonEmpty.size > 0) {
      const shares = [...this.weights.share(left, nonEmpty)];
      const counts = await Promise.all(shares.map(([queue, limit]) => this.claim(queue, limit)));
      shares.forEach(([queue, limit], index) => {
        const count = counts[index] ?? 0;
        left -= count;
        if (count < limit) nonEmpty.delete(queue);
      });
    }
    return left;
  }

  private async turn(signal: AbortSignal): Promise<void> {
    if (this.options.stalled()) return pause(STALLED_MS, signal);
    const { room } = this.slots;
    if (room === 0) return this.slots.untilRoom(WAIT_MS, signal);
    const left = await this.fill(room);
    if (left > 0 && !this.options.stalled()) await this.waitForWork(signal);
  }

  private async claim(queue: string, limit: number): Promise<number> {
    const { workerId, leaseMs, take } = this.options;
    const claimedAtMs = performance.now();
    const claims = await this.queues.of(queue).claim({ workerId, limit, leaseMs });
    if (claims.length > 0) {
      failpoint('after_claim');
      take(claims, claimedAtMs);
    }
    return claims.length;
  }

  /** Waits on every queue at once; the first that has work ends the waits on the others. */
  private async waitForWork(signal: AbortSignal): Promise<void> {
    const enough = new AbortController();
    const end = () => enough.abort();
    signal.addEventListener('abort', end, { once: true });
    const waits = [...this.options.queues.keys()].map((queue) =>
      this.queues.of(queue).waitForWork({ workerId: this.options.workerId, timeoutMs: WAIT_MS, signal: enough.signal }),
    );
    if (signal.aborted) end();
    await Promise.race(waits);
    end();
    await Promise.all(waits);
    signal.removeEventListener('abort', end);
  }
}
