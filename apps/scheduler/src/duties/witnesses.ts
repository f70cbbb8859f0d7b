import { Injectable } from '@nestjs/common';

/** The stores whose word it takes to call a worker lost. */
export type Witness = 'postgres' | 'redis';

/** Longer without a word from a store than this, and it may have been away in between. */
const LONGEST_GAP_MS = 5_000;

/**
 * Knows how long this process has heard from both stores without interruption, on its own monotonic clock.
 *
 * After an outage every lease and heartbeat looks expired although all workers live: nobody is called lost before both
 * stores have answered for one full lease.
 */
@Injectable()
export class Witnesses {
  private readonly heard = new Map<Witness, { sinceMs: number; lastMs: number }>();

  /** The store has answered just now. */
  answered(witness: Witness, nowMs = performance.now()): void {
    const heard = this.heard.get(witness);
    if (heard && nowMs - heard.lastMs <= LONGEST_GAP_MS) heard.lastMs = nowMs;
    else this.heard.set(witness, { sinceMs: nowMs, lastMs: nowMs });
  }

  /** The store did not answer, or it lost what it held. */
  interrupted(witness: Witness): void {
    this.heard.delete(witness);
  }

  /** Whether both have answered for that long, up to now. */
  haveAnsweredFor(ms: number, nowMs = performance.now()): boolean {
    if (__MUTANT__ === 'rescue_on_silence') return true;
    return (['postgres', 'redis'] as const).every((witness) => {
      const heard = this.heard.get(witness);
      return heard !== undefined && nowMs - heard.lastMs <= LONGEST_GAP_MS && nowMs - heard.sinceMs >= ms;
    });
  }
}
