import { describe, expect, it } from 'vitest';
import { DeadlinePassed, pause, within } from './waits';

describe('within', () => {
  it('answers what the work does in time', async () => {
    await expect(within(60_000, Promise.resolve('done'))).resolves.toBe('done');
    await expect(within(60_000, Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  });

  it('gives up on work that takes longer', async () => {
    await expect(within(1, new Promise(() => undefined))).rejects.toBeInstanceOf(DeadlinePassed);
  });
});

describe('pause', () => {
  it('ends at once when its signal has aborted, and as soon as it aborts', async () => {
    const signals = new AbortController();
    const pausing = pause(3_600_000, signals.signal);
    signals.abort();
    await pausing;
    await pause(3_600_000, signals.signal);
  });
});
