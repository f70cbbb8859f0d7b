/** Over how long the rate of endings is averaged, in milliseconds. */
const WINDOW_MS = 100;

/** The way to the start is taken to be no longer than this: a store that answers late is no reason to claim more. */
const MOST_LATENCY_MS = 50;

/** By how much one more start moves the average of how long they take. */
const WEIGHT = 1 / 16;

/**
 * What ends while a task passes the gate, so many times. Tasks come through the gate in batches, and slots stand empty until the
 * next one when there is just enough: 100 slots ran 14,100 handlers of 5 ms a second with 1, 15,400 with 2, 16,600 with 3, of 19,200
 * that timers allow.
 */
const RESERVE = 3;

/**
 * How many tasks a worker may claim beyond its free slots: what will have ended by the time the claimed ones have passed the
 * start gate, and a reserve. With handlers of 5 ms a slot stood empty for longer than it worked; behind handlers of seconds nothing
 * waits.
 */
export class Lookahead {
  /** Endings of the last moments, the older the less of each. */
  private endings = 0;
  private countedAtMs = 0;
  private latencyMs = 0;

  /** @param most However fast they end. */
  constructor(
    private readonly most: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get tasks(): number {
    this.forget();
    const perMs = this.endings / WINDOW_MS;
    return Math.min(this.most, RESERVE * Math.floor(perMs * Math.min(this.latencyMs, MOST_LATENCY_MS)));
  }

  /** A handler has ended. */
  ended(): void {
    this.forget();
    this.endings += 1;
  }

  /** A task has passed the gate, so long after the claim was sent. */
  started(afterMs: number): void {
    this.latencyMs += (afterMs - this.latencyMs) * WEIGHT;
  }

  private forget(): void {
    const nowMs = this.now();
    this.endings *= Math.exp((this.countedAtMs - nowMs) / WINDOW_MS);
    this.countedAtMs = nowMs;
  }
}
