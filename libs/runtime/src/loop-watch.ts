import { Injectable } from '@nestjs/common';

/** One loop under watch. */
export interface WatchedLoop {
  /** Says that the loop has come round once more. */
  turned(): void;
  /** Ends the watch: a loop that was stopped on purpose is not stuck. */
  end(): void;
}

/** A loop that has been silent for longer than it said it would be. */
export interface SilentLoop {
  readonly name: string;
  readonly silentMs: number;
}

/**
 * Knows which loops of this process still turn; liveness asks it. A process whose loops hang is restarted, one whose
 * stores are away is not.
 */
@Injectable()
export class LoopWatch {
  private readonly loops = new Set<{ name: string; limitMs: number; turnedAtMs: number }>();

  /**
   * Begins to watch a loop, as if it had just turned.
   * `limitMs` is the longest silence that is still healthy: what one turn may take at worst, and then some.
   */
  watch(name: string, limitMs: number, now = () => performance.now()): WatchedLoop {
    const loop = { name, limitMs, turnedAtMs: now() };
    this.loops.add(loop);
    return {
      turned: () => {
        loop.turnedAtMs = now();
      },
      end: () => {
        this.loops.delete(loop);
      },
    };
  }

  /** The loops that have been silent for too long; `nowMs` is of the monotonic clock. */
  silent(nowMs = performance.now()): readonly SilentLoop[] {
    return [...this.loops]
      .filter(({ limitMs, turnedAtMs }) => nowMs - turnedAtMs > limitMs)
      .map(({ name, turnedAtMs }) => ({ name, silentMs: Math.round(nowMs - turnedAtMs) }));
  }
}
