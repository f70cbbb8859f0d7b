import { Worker } from 'node:worker_threads';
import { pause } from '@millrace/contracts';
import { Logger } from '@nestjs/common';
import type { QueueOptions } from './queue-options';
import program from './renew-leases?thread';
import { monotonicMs, RenewalBeats } from './renewal-beats';
import { RenewalHolds, type QueueHold } from './renewal-holds';
import type { RenewalThreadData } from './renewal-thread-data';

/** How often the main loop shows that it turns, and tells the thread anew what it holds. */
const BEAT_MS = 500;
/** How long a stopping thread may take before it is ended. */
const STOP_MS = 1_000;
/** A thread that died is started again after this long. */
const RESTART_MS = 1_000;

export interface RenewalThreadSettings {
  readonly workerId: string;
  readonly leaseMs: number;
  /** The queues that get the sign of life; holds of others are not renewed. */
  readonly queues: readonly string[];
  /** Everything that the worker holds at this moment. */
  readonly holds: () => readonly QueueHold[];
  /** A main loop that has not come round for this long is dead, and its leases lapse. Default 15 s. */
  readonly deadLoopMs?: number;
  /** Called while the thread is seen to turn. */
  readonly onTurn?: () => void;
}

/**
 * Renews a worker's leases and its sign of life from a thread with a connection of its own, whenever the main loop is late
 * with it: a handler that computes keeps its lease although no timer fires.
 *
 * - The main loop renews as long as it is not busy, and says so with `renewed`; only it learns of lost holds and extends
 *   its trust in a lease.
 * - A main loop that has not turned for `deadLoopMs` renews nothing any more, by itself or through the thread.
 */
export class RenewalThread {
  private readonly logger = new Logger(RenewalThread.name);
  private readonly beats = new RenewalBeats();
  private readonly told = new RenewalHolds();
  /** Whether the thread was told of holds that may be gone by now. */
  private hasTold = false;
  private thread: Worker | undefined;
  private beat: NodeJS.Timeout | undefined;
  private looksSeen = 0;
  private isStopped = false;

  constructor(
    private readonly options: QueueOptions,
    private readonly settings: RenewalThreadSettings,
  ) {}

  /** Renewals by the thread since the start, those of them that failed, and how often it looked whether one is due. */
  get counts(): { readonly renewals: number; readonly failures: number; readonly looks: number } {
    const { renewals, failures, looks } = this.beats;
    return { renewals, failures, looks };
  }

  /** Resolves when the thread stands or could not be started, which is tried again; never rejects. */
  async start(): Promise<void> {
    this.beats.turnedAtMs = monotonicMs();
    this.beats.renewedAtMs = monotonicMs();
    this.beat = setInterval(() => this.turn(), Math.min(BEAT_MS, this.settings.leaseMs / 6));
    const thread = this.spawn();
    await new Promise<void>((resolve) => {
      thread.once('message', () => resolve());
      thread.once('exit', () => resolve());
    });
  }

  /**
   * From now on the thread renews these holds too: all of one claim, told before any of their handlers can keep the loop
   * busy. It may go on with them for a moment after they were let go of: a hold that is gone cannot be renewed.
   */
  hold(holds: readonly QueueHold[]): void {
    this.hasTold = true;
    if (!this.told.add(holds)) this.tellAll();
  }

  /** Everything was renewed by a call that began at `startedAtMs` of `monotonicMs`. */
  renewed(startedAtMs: number): void {
    this.beats.renewedAtMs = Math.max(startedAtMs, this.beats.renewedAtMs);
  }

  /** After this the thread renews nothing and gives no sign of life. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearInterval(this.beat);
    const { thread } = this;
    if (!thread) return;
    const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()));
    thread.postMessage('stop');
    const enough = new AbortController();
    await Promise.race([exited, pause(STOP_MS, enough.signal)]);
    enough.abort();
    await thread.terminate();
  }

  private turn(): void {
    this.beats.turnedAtMs = monotonicMs();
    if (this.hasTold) this.tellAll();
    const { looks } = this.beats;
    if (looks !== this.looksSeen) this.settings.onTurn?.();
    this.looksSeen = looks;
  }

  /** Beside the new holds of each claim this is all the thread is told, so letting go of a task costs nothing. */
  private tellAll(): void {
    const holds = this.settings.holds();
    this.told.replace(holds);
    this.hasTold = holds.length > 0;
  }

  private spawn(): Worker {
    const { redisUrl, prefix } = this.options;
    const { workerId, leaseMs, queues, deadLoopMs = 15_000 } = this.settings;
    const workerData: RenewalThreadData = {
      moduleUrl: import.meta.url,
      redisUrl,
      prefix,
      workerId,
      leaseMs,
      deadLoopMs,
      queues,
      beats: this.beats.memory,
      holds: this.told.memory,
    };
    const thread = new Worker(program, { eval: true, workerData, name: 'renewals' });
    thread.unref();
    thread.on('error', (error) => this.logger.error('The renewal thread failed', { error }));
    thread.once('exit', () => void this.restart());
    this.thread = thread;
    return thread;
  }

  private async restart(): Promise<void> {
    this.thread = undefined;
    if (!this.isStopped) await pause(RESTART_MS);
    if (!this.isStopped) this.spawn();
  }
}
