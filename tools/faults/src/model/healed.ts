import type { World } from './world';

/** Far more rounds than any task needs: each gives every task a step in each direction. */
const MOST_ROUNDS = 40;

const FINAL = new Set(['success', 'failed', 'cancelled']);

/**
 * Ends whatever is broken and lets everybody work on until nothing moves. Throws when a task has not ended then, or
 * Redis still holds something: whatever happened before, time and repair must be enough.
 */
export async function comeToRest(world: World, workers: number): Promise<void> {
  for (let n = 0; n < workers; n += 1) await world.resume(n);
  for (let round = 0; round < MOST_ROUNDS; round += 1) {
    for (let n = 0; n < workers; n += 1) {
      await world.claim(n);
      await world.start(n);
      for (let handler = 0; handler < 3; handler += 1) await world.end(n, 'returns');
      await world.recordEnded(n);
      await world.settle(n);
    }
    await world.rescue();
    await world.elapse();
    await world.promote();
    if (await isAtRest(world)) return;
    await world.repair('again');
  }
  throw new Error(`it does not come to rest: ${JSON.stringify(await world.stores.look())}`);
}

async function isAtRest({ stores }: World): Promise<boolean> {
  const { rows, ready, delayed, holds } = await stores.look();
  return (
    rows.every(({ status }) => FINAL.has(status)) && ready.length + delayed.length + Object.keys(holds).length === 0
  );
}
