/** Over how long the rate of endings is averaged, in milliseconds. */
const WINDOW_MS = 100;

/** The way to the start is taken to be no longer than this: a store that answers late is no reason to claim more. */
const MOST_LATENCY_MS = 50;

/** By how much one more task moves the averages of how long starts and handlers take. */
const WEIGHT = 1 / 16;

/** While fewer slots than this share of them would stand empty, nothing is claimed ahead: a crash would cost more than it gains. */
const LEAST_SHARE = 1 / 8;

/** At most so many times the slots. */
const MOST_SHARE = 2;

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
 *
 * How fast handlers end is told in two ways, of which the lower one counts. Their mean time tells it when many end at once, as those
 * of one claim do; the endings of the last moments tell at once when handlers have become slower.
 */
export class Lookahead {
  /** Endings of the last moments, the older the less of each. */
  private endings = 0;
  private countedAtMs = 0;
  private handlerMs = 0;
  private latencyMs = 0;

  constructor(
    private readonly slots: number,
    private readonly now: () => number = () => performance.now(),
  ) {}

  get tasks(): number {
    this.forget();
    const perMs = Math.min(this.endings / WINDOW_MS, this.slots / this.handlerMs);
    const ending = Math.floor(perMs * Math.min(this.latencyMs, MOST_LATENCY_MS));
    return ending < this.slots * LEAST_SHARE ? 0 : Math.min(this.slots * MOST_SHARE, RESERVE * ending);
  }

  /** A handler has ended, and had its slot for so long. */
  ended(afterMs: number): void {
    this.forget();
    this.endings += 1;
    this.handlerMs += (afterMs - this.handlerMs) * WEIGHT;
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
