/** First and longest wait of a task whose type no handler here serves, in milliseconds. */
const FIRST_DELAY_MS = 5_000;
export const LONGEST_DELAY_MS = 30_000;

/** Tasks remembered; the oldest is forgotten beyond it and starts over at the first wait. */
const REMEMBERED = 10_000;

/**
 * How long a task of an unserved type waits before somebody looks at it again: 5 s, doubling to 30 s with each time
 * this worker meets it, so that a deployment without the handler is not kept busy by what it cannot run.
 */
export class UnroutableDelays {
  private readonly lastMs = new Map<string, number>();

  next(taskId: string): number {
    const last = this.lastMs.get(taskId);
    const delayMs = last === undefined ? FIRST_DELAY_MS : Math.min(LONGEST_DELAY_MS, last * 2);
    this.lastMs.delete(taskId);
    this.lastMs.set(taskId, delayMs);
    if (this.lastMs.size > REMEMBERED) {
      const [oldest] = this.lastMs.keys();
      if (oldest !== undefined) this.lastMs.delete(oldest);
    }
    return delayMs;
  }
}
