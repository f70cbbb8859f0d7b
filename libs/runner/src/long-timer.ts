/** Longest delay of one Node.js timer; a longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Calls `then` after `ms`, however long that is. Returns what stops it. */
export function after(ms: number, then: () => void): () => void {
  let timer: NodeJS.Timeout;
  arm(ms);
  return () => clearTimeout(timer);

  function arm(restMs: number) {
    const stepMs = Math.min(restMs, LONGEST_TIMER_MS);
    timer = setTimeout(() => (restMs > stepMs ? arm(restMs - stepMs) : then()), stepMs);
  }
}
