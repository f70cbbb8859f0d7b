import { within } from '@millrace/contracts';

/** Waits for work that may be given up, at most `limitMs`; never rejects. */
export async function waitAtMost(limitMs: number, work: Promise<unknown>): Promise<void> {
  await within(limitMs, work).catch(() => undefined);
}

/** How long to wait before trying a store again after `failures` in a row: 100 ms doubling to 5 s, half of it random. */
export function retryPauseMs(failures: number, random = Math.random): number {
  const longest = Math.min(5_000, 100 * 2 ** Math.min(failures - 1, 10));
  return longest / 2 + (longest / 2) * random();
}
