/** Waits `ms`, or until the signal aborts; never rejects. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
    function done() {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    }
  });
}

/** Waits for work that may be given up, at most `limitMs`; never rejects. */
export async function within(limitMs: number, work: Promise<unknown>): Promise<void> {
  const enough = new AbortController();
  await Promise.race([work.catch(() => undefined), pause(limitMs, enough.signal)]);
  enough.abort();
}

/** How long to wait before trying a store again after `failures` in a row: 100 ms doubling to 5 s, half of it random. */
export function retryPauseMs(failures: number, random = Math.random): number {
  const longest = Math.min(5_000, 100 * 2 ** Math.min(failures - 1, 10));
  return longest / 2 + (longest / 2) * random();
}
