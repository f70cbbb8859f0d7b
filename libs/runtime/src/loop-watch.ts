import { Injectable } from '@nestjs/common';

/** One loop under watch. */
export interface WatchedLoop {
  /** Says that the loop has come round once more. */
  turned(): void;
  /** Ends the watch: a loop that was stopped on purpose is not stuck. */
  end(): void;
}

/** What a loop has done since its watch began. */
export interface LoopReport {
  readonly name: string;
  /** How often it has come round. */
  readonly turns: number;
  /** When it last did; null before the first time. */
  readonly lastTurnAt: Date | null;
  /** Since then, or since the watch began. */
  readonly ageMs: number;
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
  private readonly loops = new Set<{ name: string; limitMs: number; turnedAtMs: number; turns: number }>();

  /**
   * Begins to watch a loop, as if it had just turned.
   * `limitMs` is the longest silence that is still healthy: what one turn may take at worst, and then some.
   */
  watch(name: string, limitMs: number, now = () => performance.now()): WatchedLoop {
    const loop = { name, limitMs, turnedAtMs: now(), turns: 0 };
    this.loops.add(loop);
    return {
      turned: () => {
        loop.turnedAtMs = now();
        loop.turns += 1;
      },
      end: () => {
        this.loops.delete(loop);
      },
    };
  }

  /** Every loop under watch; `nowMs` is of the monotonic clock. */
  reports(nowMs = performance.now()): readonly LoopReport[] {
    return [...this.loops].map(({ name, turns, turnedAtMs }) => {
      const ageMs = Math.max(0, Math.round(nowMs - turnedAtMs));
      return { name, turns, ageMs, lastTurnAt: turns === 0 ? null : new Date(Date.now() - ageMs) };
    });
  }

  /** The loops that have been silent for too long; `nowMs` is of the monotonic clock. */
  silent(nowMs = performance.now()): readonly SilentLoop[] {
    return [...this.loops]
      .filter(({ limitMs, turnedAtMs }) => nowMs - turnedAtMs > limitMs)
      .map(({ name, turnedAtMs }) => ({ name, silentMs: Math.round(nowMs - turnedAtMs) }));
  }
}
