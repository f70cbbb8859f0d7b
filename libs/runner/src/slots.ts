import { Lookahead } from './lookahead';

/**
 * How many handlers one worker process may run at once. A task counts from its claim until its outcome is safe with the
 * outcome writer, so a full outcome buffer keeps the claim loop from taking more; it has a slot while its handler runs.
 */
export class Slots {
  private held = 0;
  private begun = 0;
  private readonly lookahead: Lookahead;
  private readonly waiting = new Set<() => void>();

  constructor(readonly total: number) {
    this.lookahead = new Lookahead(total);
  }

  /** Claimed tasks that are not over. */
  get busy(): number {
    return this.held;
  }

  get free(): number {
    return Math.max(0, this.total - this.held);
  }

  /** How many tasks to claim now: into the free slots, and into those that will be free when they have passed the gate. */
  get room(): number {
    return Math.max(0, this.total + this.lookahead.tasks - this.held);
  }

  take(count: number): void {
    this.held += count;
  }

  /** A claimed task has passed the gate, so long after the claim was sent. */
  passed(afterMs: number): void {
    this.lookahead.started(afterMs);
  }

  /** Gives a claimed task a slot to run in; false when none is free. */
  begin(): boolean {
    if (this.begun >= this.total) return false;
    this.begun += 1;
    return true;
  }

  /** A task that had a slot for so long is over. */
  end(afterMs: number): void {
    this.begun -= 1;
    this.lookahead.ended(afterMs);
    this.release();
  }

  /** A claimed task that had none is over. */
  release(): void {
    this.held -= 1;
    for (const wake of [...this.waiting]) wake();
  }

  /** Resolves when there may be room, after `timeoutMs`, or at abort; at once when there is some. */
  untilRoom(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.room > 0 || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', wake);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, timeoutMs);
      this.waiting.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }
}
