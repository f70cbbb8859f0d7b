import { setTimeout as sleep } from 'node:timers/promises';
import { clockMs } from './clock';
import type { BenchPayload } from './system';

/** What the handlers of one worker saw. */
export interface StampReport {
  /** Handlers that ended. */
  readonly ended: number;
  /** Tasks that were started more than once. */
  readonly startedTwice: number;
  readonly firstStartMs: number;
  /** Waits from submit or due time to start, in milliseconds; null when nothing was started. */
  readonly waitMs: { readonly p50: number; readonly p99: number; readonly max: number } | null;
}

export interface StampSettings {
  /** Tasks of the whole measurement. */
  readonly expected: number;
  /** So many of the first tasks do not count into the waits: caches and code are cold. */
  readonly skip: number;
}

/** The handler of every system: notes the start of each task and does what its payload says. */
export class Stamps {
  private readonly waitsMs: Float64Array;
  private readonly starts: Uint8Array;
  private ended = 0;
  private firstStartMs = 0;

  /** Calls `tell` at the first start, and when as many handlers have ended as there are tasks. */
  constructor(
    private readonly settings: StampSettings,
    private readonly tell: (event: 'first' | 'ended') => void,
  ) {
    this.waitsMs = new Float64Array(settings.expected);
    this.starts = new Uint8Array(settings.expected);
  }

  readonly handle = (payload: BenchPayload): Promise<void> | undefined => {
    const nowMs = clockMs();
    if (this.firstStartMs === 0) this.first(nowMs);
    const { n, atMs, sleepMs = 0 } = payload;
    this.waitsMs[n] = nowMs - atMs;
    this.starts[n] = Math.min(255, (this.starts[n] ?? 0) + 1);
    if (sleepMs > 0) return sleep(sleepMs).then(() => this.end());
    this.end();
    return undefined;
  };

  report(): StampReport {
    return {
      ended: this.ended,
      startedTwice: this.starts.filter((count) => count > 1).length,
      firstStartMs: this.firstStartMs,
      waitMs: this.waits(),
    };
  }

  private first(nowMs: number): void {
    this.firstStartMs = nowMs;
    this.tell('first');
  }

  private end(): void {
    this.ended += 1;
    if (this.ended === this.settings.expected) this.tell('ended');
  }

  private waits(): StampReport['waitMs'] {
    const counted = this.waitsMs.filter((_, n) => n >= this.settings.skip && this.starts[n] !== 0).sort();
    if (counted.length === 0) return null;
    const at = (share: number) => counted[Math.min(counted.length - 1, Math.floor(counted.length * share))] ?? 0;
    return { p50: at(0.5), p99: at(0.99), max: at(1) };
  }
}
