/**
 * How many tasks one worker process may hold at once. A slot is taken at the claim and given back when the task's
 * outcome is safe with the outcome writer, so a full outcome buffer keeps the claim loop from taking more.
 */
export class Slots {
  private taken = 0;
  private readonly waiting = new Set<() => void>();

  constructor(readonly total: number) {}

  get busy(): number {
    return this.taken;
  }

  get free(): number {
    return Math.max(0, this.total - this.taken);
  }

  take(count: number): void {
    this.taken += count;
  }

  release(): void {
    this.taken -= 1;
    for (const wake of [...this.waiting]) wake();
  }

  /** Resolves at the next release, after `timeoutMs`, or at abort; at once when a slot is free already. */
  untilFree(timeoutMs: number, signal: AbortSignal): Promise<void> {
    if (this.free > 0 || signal.aborted) return Promise.resolve();
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
