/** What one run did, by name: `{ requeued: 3 }`. Zero means that nothing was to be done. */
export type DutyCounts = Readonly<Record<string, number>>;

/**
 * Background work that keeps the platform's promises. Every step of it is conditional, so that any number of replicas
 * may run it at once; `runOnce` does what is due now, bounded, and a loop decides when.
 */
export interface Duty {
  /** Names it in logs, metrics and `/stats`, such as `recover-lost`. */
  readonly name: string;
  readonly intervalMs: number;
  /** Asked after each run: how long until there is something to do again. Default, and at most, the interval. */
  waitMs?(): number;
  runOnce(signal?: AbortSignal): Promise<DutyCounts>;
  /** Told once, before the first run: a duty that hears of work calls `wake`, and its next run begins at once. */
  onWork?(wake: () => void): void;
}
