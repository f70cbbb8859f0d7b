import { describe, expect, it } from 'vitest';
import { BatchedCalls } from './batched-calls';
import { TooManyWaiting } from './task-errors';

/** A `run` whose batches are seen and ended by the test. */
function setup(limits: Partial<{ maxItems: number; maxBytes: number; maxWaiting: number }> = {}) {
  const batches: number[][] = [];
  const ends: (() => void)[] = [];
  const calls = new BatchedCalls<number, number>(
    async (items) => {
      batches.push([...items]);
      await new Promise<void>((resolve) => ends.push(resolve));
      if (items.some((item) => item < 0)) throw new Error(`bad: ${items.join()}`);
      return items.map((item) => item * 10);
    },
    (error) => String(error).includes('bad'),
    { maxItems: 100, maxBytes: 1_000, maxWaiting: 100, bytesOf: (item) => Math.abs(item), ...limits },
  );
  // A batch begins in the turn of the event loop after the one in which it may.
  const begun = async () => {
    await new Promise(setImmediate);
    await new Promise(setImmediate);
  };
  const endBatch = async () => {
    ends.shift()?.();
    await begun();
  };
  return { calls, batches, endBatch, begun };
}

describe('callers that share a batch', () => {
  it('a lone call starts at once', async () => {
    const { calls, batches, endBatch, begun } = setup();

    const answer = calls.call(1);
    await begun();
    expect(batches).toEqual([[1]]);

    await endBatch();
    expect(await answer).toBe(10);
  });

  it('calls that come from several events of one turn of the event loop share a batch', async () => {
    const { calls, batches, endBatch, begun } = setup();

    const all = [1, 2, 3].map((item) => new Promise((resolve) => setImmediate(() => resolve(calls.call(item)))));
    await begun();
    await endBatch();

    expect(batches).toEqual([[1, 2, 3]]);
    expect(await Promise.all(all)).toEqual([10, 20, 30]);
  });

  it('calls made while a batch is under way form the next one, each answered with its own result', async () => {
    const { calls, batches, endBatch, begun } = setup();

    const first = calls.call(1);
    await begun();
    const later = [calls.call(2), calls.call(3)];
    await endBatch();
    await endBatch();

    expect(batches).toEqual([[1], [2, 3]]);
    expect(await Promise.all([first, ...later])).toEqual([10, 20, 30]);
  });

  it('a batch stays within its items and bytes, and an item too large goes alone', async () => {
    const { calls, batches, endBatch, begun } = setup({ maxItems: 3, maxBytes: 100 });

    const all = [1, 2, 3, 4, 60, 60, 500].map((item) => calls.call(item));
    await begun();
    for (let batch = 0; batch < 5; batch += 1) await endBatch();

    expect(batches).toEqual([[1, 2, 3], [4, 60], [60], [500]]);
    await Promise.all(all);
  });

  it('one bad item fails alone', async () => {
    const { calls, endBatch, begun } = setup();

    const all = Promise.allSettled([calls.call(1), calls.call(-2), calls.call(3)]);
    await begun();
    for (let batch = 0; batch < 4; batch += 1) await endBatch();

    expect((await all).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });

  it('a failed batch does not stop the next one', async () => {
    const { calls, endBatch, begun } = setup();

    const failed = calls.call(-1).catch(() => 'failed');
    await begun();
    await endBatch();
    expect(await failed).toBe('failed');

    const answer = calls.call(1);
    await begun();
    await endBatch();
    expect(await answer).toBe(10);
  });

  it('one call too many is refused while the others wait', async () => {
    const { calls, endBatch, begun } = setup({ maxWaiting: 1 });

    const first = calls.call(1);
    await begun();
    const second = calls.call(2);
    await expect(calls.call(3)).rejects.toThrow(TooManyWaiting);

    await endBatch();
    await endBatch();
    expect(await Promise.all([first, second])).toEqual([10, 20]);
  });
});
