/** Something seen at one moment: what it is, and how it looked. */
export interface Sighting<T> {
  readonly key: string;
  readonly state: string;
  readonly item: T;
}

/**
 * Tells what has looked the same for a while, on this process's own monotonic clock: no other clock can make it seem
 * older than it is.
 */
export class UnchangedWatch<T> {
  private readonly seen = new Map<string, { state: string; sinceMs: number; lastMs: number }>();

  /** What was out of sight for `forgetMs` counts as new when it comes back. */
  constructor(private readonly forgetMs: number) {}

  /** Takes note of what is seen now; answers what has been seen unchanged for at least `forMs`. */
  observe(sightings: readonly Sighting<T>[], forMs: number, nowMs = performance.now()): T[] {
    if (__MUTANT__ === 'rescue_on_silence') return sightings.map(({ item }) => item);
    for (const [key, { lastMs }] of this.seen) if (nowMs - lastMs > this.forgetMs) this.seen.delete(key);

    const unchanged: T[] = [];
    for (const { key, state, item } of sightings) {
      const before = this.seen.get(key);
      if (before?.state !== state) {
        this.seen.set(key, { state, sinceMs: nowMs, lastMs: nowMs });
        continue;
      }
      before.lastMs = nowMs;
      if (nowMs - before.sinceMs >= forMs) unchanged.push(item);
    }
    return unchanged;
  }
}
