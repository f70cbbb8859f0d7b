import type { EndedAttempt } from '@millrace/tasks';
import { describe, expect, it } from 'vitest';
import { signal } from '@millrace/testing';
import { AttemptSuperseded, AttemptTimedOut, TaskCancelled, WorkerStopping, type AbortReason } from './abort-reasons';
import { Attempt, type Run } from './attempt-runner';

const GRACE_MS = 30;

interface Started {
  readonly run: Run;
  readonly ended: Promise<EndedAttempt>;
}

/** Starts a handler that is given its signal. */
function start(handle: (aborted: AbortSignal) => unknown, timeoutMs: number | null = null): Started {
  return begun(new Attempt(({ signal: aborted }) => handle(aborted), timeoutMs, GRACE_MS));
}

function begun(run: Run): Started {
  return { run, ended: new Promise((resolve) => run.begin(resolve)) };
}

/** Settles as the abort makes it. */
const whenAborted = (aborted: AbortSignal, settle: (reason: Error) => void) =>
  aborted.addEventListener('abort', () => settle(aborted.reason as Error));

describe('an attempt', () => {
  it.each([
    ['returns', () => ({ ok: true }), { kind: 'returned', resultJson: '{"ok":true}' }],
    ['returns nothing', () => undefined, { kind: 'returned', resultJson: null }],
    ['resolves', async () => 1, { kind: 'returned', resultJson: '1' }],
  ])('that %s has returned', async (_how, handle, expected) => {
    expect(await start(handle).ended).toEqual(expected);
  });

  it.each([
    ['throws at once', () => fail('now')],
    ['rejects', async () => fail('later')],
  ])('that %s threw', async (_how, handle) => {
    expect(await start(handle).ended).toMatchObject({ kind: 'threw', error: expect.any(Error) as Error });
  });

  it('that runs too long timed out, even if it returns when it is aborted', async () => {
    const { ended } = start((aborted) => new Promise((resolve) => whenAborted(aborted, () => resolve('half'))), 10);

    expect(await ended).toEqual({ kind: 'timed_out', timeoutMs: 10 });
  });

  it('is over after the grace when its handler ignores the signal, which settles later', async () => {
    const release = signal();
    const { run, ended } = start(() => release.wait(20_000), 10);

    expect(await ended).toEqual({ kind: 'timed_out', timeoutMs: 10 });
    release.fire();
    expect(run.hasSettled).toBe(false);
    await run.whenSettled();
    expect(run.hasSettled).toBe(true);
  });

  it.each<[AbortReason, string]>([
    [new TaskCancelled(), 'cancelled'],
    [new WorkerStopping(), 'interrupted'],
    [new AttemptSuperseded(), 'interrupted'],
  ])('that %s ended by throwing is %s', async (reason, kind) => {
    const { run, ended } = start((aborted) => new Promise((_, reject) => whenAborted(aborted, reject)));
    run.abort(reason);

    expect((await ended).kind).toBe(kind);
  });

  it('that finishes although it was cancelled has returned', async () => {
    const { run, ended } = start((aborted) => new Promise((resolve) => whenAborted(aborted, () => resolve('done'))));
    run.abort(new TaskCancelled());

    expect(await ended).toEqual({ kind: 'returned', resultJson: '"done"' });
  });

  it('keeps the first reason it is aborted with', async () => {
    const reasons: unknown[] = [];
    const { run, ended } = start(
      (aborted) =>
        new Promise((_, reject) =>
          whenAborted(aborted, (reason) => {
            reasons.push(reason);
            reject(reason);
          }),
        ),
    );
    run.abort(new TaskCancelled());
    run.abort(new AttemptTimedOut(5));

    expect((await ended).kind).toBe('cancelled');
    expect(reasons).toEqual([expect.any(TaskCancelled)]);
  });

  it('whose handler asks for the signal late finds it aborted already', async () => {
    const asked = signal();
    const seen = signal<unknown>();
    const { run } = begun(
      new Attempt(
        async (source) => {
          await asked.wait();
          seen.fire(source.signal.reason);
        },
        null,
        10_000,
      ),
    );
    run.abort(new TaskCancelled());
    asked.fire();

    expect(await seen.wait()).toBeInstanceOf(TaskCancelled);
  });

  it('whose handler waits for nothing has ended before it is waited for', () => {
    const ends: EndedAttempt[] = [];
    new Attempt(() => 'done', null).begin((ended) => ends.push(ended));

    expect(ends).toEqual([{ kind: 'returned', resultJson: '"done"' }]);
  });

  it('a timeout of years does not fire at once', async () => {
    const release = signal<string>();
    const { ended } = start(() => release.wait(), 10 * 365 * 86_400_000);
    release.fire('fine');

    expect(await ended).toEqual({ kind: 'returned', resultJson: '"fine"' });
  });
});

function fail(message: string): never {
  throw new Error(message);
}
