import { describe, expect, it } from 'vitest';
import { UnroutableDelays } from './unroutable-delays';

describe('the wait of a task that nobody serves', () => {
  it('doubles from 5 s to 30 s for each task by itself', () => {
    const delays = new UnroutableDelays();

    expect([1, 2, 3, 4, 5].map(() => delays.next('a'))).toEqual([5_000, 10_000, 20_000, 30_000, 30_000]);
    expect(delays.next('b')).toBe(5_000);
  });

  it('is remembered for a bounded number of tasks', () => {
    const delays = new UnroutableDelays();
    delays.next('first');
    for (let n = 0; n < 10_000; n += 1) delays.next(`task ${n}`);

    expect(delays.next('first')).toBe(5_000);
  });
});
