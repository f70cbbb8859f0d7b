import { setImmediate } from 'node:timers/promises';
import { Logger } from '@nestjs/common';
import { failpoint, pause } from '@millrace/contracts';
import type { Claim, Queues } from '@millrace/queue';
import { retryPauseMs } from './patience';
import { QueueWeights } from './queue-weights';
import type { Slots } from './slots';

/** Longest blocking wait for work, and for a slot: the loop comes round at least this often. */
const WAIT_MS = 2_000;

/**
 * The lease of what came while the loop waited is taken to count from the beginning of the wait, which may use up this part of
 * it at most.
 */
const WAIT_OF_LEASE = 1 / 4;

/**
 * Most tasks claimed from one queue at the end of a wait; what else is there is claimed after it. When a line has gone dead these
 * go to nobody until their lease has run out.
 */
const FIRST_CLAIM = 50;

/** While a store does not answer, nothing is claimed; this often the loop looks again. */
const STALLED_MS = 200;

/** Without a reason of its own an abort makes an error with a stack, 30 µs for each wait. */
const WAIT_ENDED = 'the wait has ended';

/** When claimed tasks were claimed; monotonic. */
export interface ClaimTimes {
  /** Their lease counts from then on, or from later. */
  readonly leasedFromMs: number;
  /** Their way to the start began. */
  readonly claimedAtMs: number;
}

export interface ClaimLoopOptions {
  readonly workerId: string;
  readonly leaseMs: number;
  readonly queues: ReadonlyMap<string, number>;
  /** True while claimed tasks could not be started or recorded. */
  readonly stalled: () => boolean;
  /** Takes what was claimed. */
  readonly take: (claims: readonly Claim[], times: ClaimTimes) => void;
  /** Called each time the loop has come round. */
  readonly turned: () => void;
}

/**
 * Keeps the worker's slots filled. It claims as many tasks as there are free slots, shared among the queues by weight;
 * when every queue is empty it blocks until one is not, so an idle worker asks Redis for nothing. What has ended the wait is
 * claimed in the same round trip.
 */
export class ClaimLoop {
  private readonly logger = new Logger(ClaimLoop.name);
  private readonly weights: QueueWeights;
  private failures = 0;
  /** The last wait brought all there was. */
  private isDrained = false;

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
    const left = this.isDrained ? room : await this.fill(room);
    this.isDrained = false;
    if (left > 0 && !this.options.stalled()) this.isDrained = await this.waitForWork(left, signal);
  }

  private async claim(queue: string, limit: number): Promise<number> {
    const { workerId, leaseMs } = this.options;
    const claimedAtMs = performance.now();
    const claims = await this.queues.of(queue).claim({ workerId, limit, leaseMs });
    return this.take(claims, { leasedFromMs: claimedAtMs, claimedAtMs });
  }

  private take(claims: readonly Claim[], times: ClaimTimes): number {
    if (claims.length > 0) {
      failpoint('after_claim');
      this.options.take(claims, times);
    }
    return claims.length;
  }

  /**
   * Waits on every queue at once; the first that has work ends the waits on the others. Returns whether some work came and no
   * more is there.
   */
  private async waitForWork(room: number, signal: AbortSignal): Promise<boolean> {
    const { queues } = this.options;
    const limit = Math.min(FIRST_CLAIM, Math.floor(room / queues.size));
    const enough = new AbortController();
    const end = () => enough.abort(WAIT_ENDED);
    signal.addEventListener('abort', end, { once: true });
    const waits = [...queues.keys()].map((queue) => this.waitOn(queue, limit, enough.signal));
    if (signal.aborted) end();
    await Promise.race(waits).catch(() => undefined);
    end();
    const ended = await Promise.allSettled(waits);
    signal.removeEventListener('abort', end);

    const counts = ended.map((wait) => {
      if (wait.status === 'rejected') throw wait.reason;
      return wait.value;
    });
    return counts.some((count) => count > 0) && counts.every((count) => count < limit);
  }

  /** Returns how many tasks came. */
  private async waitOn(queue: string, limit: number, signal: AbortSignal): Promise<number> {
    const { workerId, leaseMs } = this.options;
    const timeoutMs = Math.min(WAIT_MS, leaseMs * WAIT_OF_LEASE);
    const wait = { workerId, timeoutMs, signal };
    if (limit === 0) {
      await this.queues.of(queue).waitForWork(wait);
      return 0;
    }
    const leasedFromMs = performance.now();
    const claims = await this.queues.of(queue).claimWhenReady({ ...wait, limit, leaseMs });
    const count = this.take(claims, { leasedFromMs, claimedAtMs: performance.now() });
    // What came is on its way to PostgreSQL before the loop gets ready to wait again, which takes 0.3 ms on an idle system.
    if (count > 0) await setImmediate();
    return count;
  }
}
