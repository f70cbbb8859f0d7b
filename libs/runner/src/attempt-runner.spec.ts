import { describe, expect, it } from 'vitest';
import { signal } from '@millrace/testing';
import { AttemptSuperseded, AttemptTimedOut, TaskCancelled, WorkerStopping, type AbortReason } from './abort-reasons';
import { startAttempt, type Run } from './attempt-runner';
import type { TaskContext } from './task-context';

const GRACE_MS = 30;

/** Starts a handler that is given its signal. */
function start(handle: (aborted: AbortSignal) => unknown, timeoutMs: number | null = null): Run {
  const handler = { handle: (_payload: never, context: TaskContext) => handle(context.signal) };
  return startAttempt({ handler }, {}, timeoutMs, (source) => source as unknown as TaskContext, GRACE_MS);
}

/** Settles as the abort makes it. */
const whenAborted = (aborted: AbortSignal, settle: (reason: Error) => void) =>
  aborted.addEventListener('abort', () => settle(aborted.reason as Error));

describe('an attempt', () => {
  it.each([
    ['returns', () => ({ ok: true }), { kind: 'returned', resultJson: '{"ok":true}' }],
    ['returns nothing', () => undefined, { kind: 'returned', resultJson: null }],
    ['resolves', async () => 1, { kind: 'returned', resultJson: '1' }],
  ])('that %s has returned', async (_how, handle, ended) => {
    expect(await start(handle).ended).toEqual(ended);
  });

  it.each([
    ['throws at once', () => fail('now')],
    ['rejects', async () => fail('later')],
  ])('that %s threw', async (_how, handle) => {
    expect(await start(handle).ended).toMatchObject({ kind: 'threw', error: expect.any(Error) as Error });
  });

  it('that runs too long timed out, even if it returns when it is aborted', async () => {
    const run = start((aborted) => new Promise((resolve) => whenAborted(aborted, () => resolve('half'))), 10);

    expect(await run.ended).toEqual({ kind: 'timed_out', timeoutMs: 10 });
  });

  it('is over after the grace when its handler ignores the signal, which settles later', async () => {
    const release = signal();
    const run = start(() => release.wait(20_000), 10);

    expect(await run.ended).toEqual({ kind: 'timed_out', timeoutMs: 10 });
    release.fire();
    await run.settled;
  });

  it.each<[AbortReason, string]>([
    [new TaskCancelled(), 'cancelled'],
    [new WorkerStopping(), 'interrupted'],
    [new AttemptSuperseded(), 'interrupted'],
  ])('that %s ended by throwing is %s', async (reason, kind) => {
    const run = start((aborted) => new Promise((_, reject) => whenAborted(aborted, reject)));
    run.abort(reason);

    expect((await run.ended).kind).toBe(kind);
  });

  it('that finishes although it was cancelled has returned', async () => {
    const run = start((aborted) => new Promise((resolve) => whenAborted(aborted, () => resolve('done'))));
    run.abort(new TaskCancelled());

    expect(await run.ended).toEqual({ kind: 'returned', resultJson: '"done"' });
  });

  it('keeps the first reason it is aborted with', async () => {
    const reasons: unknown[] = [];
    const run = start(
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

    expect((await run.ended).kind).toBe('cancelled');
    expect(reasons).toEqual([expect.any(TaskCancelled)]);
  });

  it('whose handler asks for the signal late finds it aborted already', async () => {
    const asked = signal();
    const run = startAttempt(
      {
        handler: {
          handle: async (_payload: never, context: TaskContext) =>
            asked.wait().then(() => context.signal.reason as unknown),
        },
      },
      {},
      null,
      (source) => source as unknown as TaskContext,
      10_000,
    );
    run.abort(new TaskCancelled());
    asked.fire();

    expect(await run.settled).toEqual({ kind: 'returned', value: expect.any(TaskCancelled) as unknown });
  });

  it('a timeout of years does not fire at once', async () => {
    const release = signal<string>();
    const run = start(() => release.wait(), 10 * 365 * 86_400_000);
    release.fire('fine');

    expect(await run.ended).toEqual({ kind: 'returned', resultJson: '"fine"' });
  });
});

function fail(message: string): never {
  throw new Error(message);
}
