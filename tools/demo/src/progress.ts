import { setTimeout as sleep } from 'node:timers/promises';
import type { ApiClient, TaskCounts } from '@millrace/testing';

const POLL_MS = 250;
const LINE_EVERY_MS = 2_000;
/** With nothing moving for so long, nothing will. Retries and delays of the mix are shorter. */
const STANDSTILL_MS = 60_000;

/** Prints how far a run is until all its tasks are final. Throws when nothing moves any more. */
export async function untilAllFinal(total: number, userId: string, api: ApiClient): Promise<void> {
  const startedAt = performance.now();
  let printedAt = -Infinity;
  let movedAt = startedAt;
  let before = '';
  for (;;) {
    const counts = await api.stats(`?user_id=${userId}`);
    const now = performance.now();
    const done = counts.total === total && counts.pending + counts.processing === 0;
    if (done || now - printedAt >= LINE_EVERY_MS) {
      printedAt = now;
      console.log(line((now - startedAt) / 1_000, counts, total));
    }
    if (done) return;

    const state = JSON.stringify(counts);
    if (state !== before) movedAt = now;
    before = state;
    if (now - movedAt > STANDSTILL_MS) throw new Error(`Nothing has moved for ${STANDSTILL_MS / 1_000} s: ${state}`);
    await sleep(POLL_MS);
  }
}

function line(seconds: number, counts: TaskCounts, total: number): string {
  const numbers = (['pending', 'processing', 'success', 'failed', 'cancelled'] as const)
    .map((status) => `${status} ${String(counts[status]).padStart(6)}`)
    .join('   ');
  return `${seconds.toFixed(0).padStart(5)} s   ${String(counts.total).padStart(6)} of ${total}   ${numbers}`;
}
