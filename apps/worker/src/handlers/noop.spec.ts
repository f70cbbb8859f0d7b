import { describe, expect, it } from 'vitest';
import { NonRetryableError } from '@millrace/runner';
import { contextOf } from './handler.fixture';
import { NoopHandler } from './noop.handler';

describe('noop', () => {
  const noop = new NoopHandler();

  it('does nothing, and says which attempt it was', async () => {
    expect(await noop.handle({}, contextOf({ attempt: 2 }))).toEqual({ attempt: 2 });
    expect(await noop.handle(null, contextOf())).toEqual({ attempt: 1 });
  });

  it('waits', async () => {
    const startedAtMs = performance.now();
    await noop.handle({ sleep: '50ms' }, contextOf());
    expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(45);
  });

  it('stops waiting when it is aborted', async () => {
    const abort = new AbortController();
    const waiting = noop.handle({ sleep: '1h' }, contextOf({ signal: abort.signal }));
    abort.abort();
    await expect(waiting).rejects.toThrow();
  });

  it('fails its first attempts', async () => {
    await expect(noop.handle({ fail: 2 }, contextOf({ attempt: 2 }))).rejects.toThrow('Attempt 2 of 2');
    expect(await noop.handle({ fail: 2 }, contextOf({ attempt: 3 }))).toEqual({ attempt: 3 });
  });

  it.each([[{ sleep: 'long' }], [{ sleep: '2d' }], [{ fail: -1 }], [{ fail: 1.5 }], [{ slep: 1 }], ['text'], [[1]]])(
    'refuses %j for good',
    async (payload) => {
      await expect(noop.handle(payload, contextOf())).rejects.toThrow(NonRetryableError);
    },
  );
});
