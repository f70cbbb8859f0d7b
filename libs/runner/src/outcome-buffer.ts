import type { OutcomeRecord, StartedTask } from '@millrace/store';
import type { HeldTask } from './held-tasks';

/** Most bytes of results that may wait. */
const MOST_BYTES = 64 * 1024 * 1024;

/** An attempt that ended, with what is to be recorded about it. */
export interface FinishedAttempt {
  readonly held: HeldTask;
  readonly task: StartedTask;
  readonly record: OutcomeRecord;
}

/** Outcomes that wait to be recorded, in the order in which their attempts ended: so many, or 64 MiB of results. */
export class OutcomeBuffer {
  private waiting: FinishedAttempt[] = [];
  private bytes = 0;
  private roomWanted: (() => void)[] = [];

  /** @param abandon Aborts when a stopping worker gives up on a store that does not answer: the bound holds no longer. */
  constructor(
    private readonly limit: number,
    private readonly abandon: AbortSignal,
  ) {
    abandon.addEventListener('abort', () => this.makeRoom(), { once: true });
  }

  get size(): number {
    return this.waiting.length;
  }

  get isFull(): boolean {
    return this.waiting.length >= this.limit || this.bytes >= MOST_BYTES;
  }

  /** Null when the outcome has a place; else a promise that resolves as soon as it has. */
  add(finished: FinishedAttempt): Promise<void> | null {
    if (this.isFull && !this.abandon.aborted) return this.addLater(finished);
    this.waiting.push(finished);
    this.bytes += sizeOf(finished);
    return null;
  }

  has(finished: FinishedAttempt): boolean {
    return this.waiting.includes(finished);
  }

  /** The oldest ones; they stay until they are removed. */
  oldest(limit: number): FinishedAttempt[] {
    return this.waiting.slice(0, limit);
  }

  /** They are safe elsewhere. Returns those that were still here. */
  remove(attempts: readonly FinishedAttempt[]): readonly FinishedAttempt[] {
    const removed = this.areOldest(attempts) ? this.waiting.splice(0, attempts.length) : this.pick(attempts);
    for (const finished of removed) this.bytes -= sizeOf(finished);
    this.makeRoom();
    return removed;
  }

  /** Nearly always. */
  private areOldest(attempts: readonly FinishedAttempt[]): boolean {
    return attempts.every((finished, index) => this.waiting[index] === finished);
  }

  private pick(attempts: readonly FinishedAttempt[]): FinishedAttempt[] {
    const wanted = new Set(attempts);
    const picked = this.waiting.filter((finished) => wanted.has(finished));
    this.waiting = this.waiting.filter((finished) => !wanted.has(finished));
    return picked;
  }

  private async addLater(finished: FinishedAttempt): Promise<void> {
    await new Promise<void>((resolve) => this.roomWanted.push(resolve));
    await this.add(finished);
  }

  private makeRoom(): void {
    const waiting = this.roomWanted;
    this.roomWanted = [];
    for (const wake of waiting) wake();
  }
}

/** Roughly: what else an outcome holds is small. */
function sizeOf({ record }: FinishedAttempt): number {
  return record.resultJson?.length ?? 0;
}
