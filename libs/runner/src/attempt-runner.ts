import { sanitizeForRecord, type EndedAttempt } from '@millrace/tasks';
import { AttemptTimedOut, TaskCancelled, WorkerStopping, type AbortReason } from './abort-reasons';
import type { RegisteredHandler } from './handler-registry';
import { after } from './long-timer';
import type { TaskContext } from './task-context';

/** A handler whose signal aborted is waited for this long before the attempt is recorded without it. */
const GRACE_MS = 5_000;
/** The same at a shutdown, where the process has to go. */
const STOPPING_GRACE_MS = 3_000;

/** How the handler's promise settled. */
type Settled =
  { readonly kind: 'returned'; readonly value: unknown } | { readonly kind: 'threw'; readonly error: unknown };

/** One started attempt. */
export interface Run {
  /** How it ended; never rejects. */
  readonly ended: Promise<EndedAttempt>;
  /** Settles when the handler itself did, which is later than `ended` when it ignored its signal. Never rejects. */
  readonly settled: Promise<unknown>;
  /** Aborts the handler's signal; later reasons are ignored. */
  abort(reason: AbortReason): void;
}

/**
 * Starts a handler on one attempt and watches it: the handler, its timeout and whoever aborts it race, and whatever the
 * handler does (throws at once, never settles, returns what is no JSON) becomes one `EndedAttempt`.
 *
 * After an abort the handler has a short grace to settle. A result is then still a result, except after the timeout,
 * which the submitter was promised; anything thrown counts as the abort. What it does after the grace is ignored.
 */
export function startAttempt(
  { handler }: Pick<RegisteredHandler, 'handler'>,
  payload: unknown,
  timeoutMs: number | null,
  contextWith: (signal: AbortSignal) => TaskContext,
  graceMs = GRACE_MS,
): Run {
  const controller = new AbortController();
  const { signal } = controller;
  const stopTimeout =
    timeoutMs === null ? () => undefined : after(timeoutMs, () => controller.abort(new AttemptTimedOut(timeoutMs)));

  const settled = settle(() => handler.handle(payload as never, contextWith(signal)));
  const grace = graceAfterAbort(signal, graceMs);
  const ended = Promise.race([settled, grace.over]).then((end) => {
    stopTimeout();
    grace.stop();
    return signal.aborted ? endedByAbort(signal.reason as AbortReason, end) : endedByItself(end);
  });

  return { ended, settled, abort: (reason) => controller.abort(reason) };
}

async function settle(handle: () => unknown): Promise<Settled> {
  try {
    return { kind: 'returned', value: await handle() };
  } catch (error) {
    return { kind: 'threw', error };
  }
}

function graceAfterAbort(signal: AbortSignal, graceMs: number): { over: Promise<null>; stop: () => void } {
  let stop = () => undefined as void;
  const over = new Promise<null>((resolve) => {
    const begin = () => {
      const ms = signal.reason instanceof WorkerStopping ? Math.min(graceMs, STOPPING_GRACE_MS) : graceMs;
      const timer = setTimeout(() => resolve(null), ms);
      stop = () => clearTimeout(timer);
    };
    signal.addEventListener('abort', begin, { once: true });
    stop = () => signal.removeEventListener('abort', begin);
  });
  return { over, stop: () => stop() };
}

function endedByItself(end: Settled | null): EndedAttempt {
  if (end?.kind === 'returned') return { kind: 'returned', resultJson: sanitizeForRecord(end.value) };
  return { kind: 'threw', error: end?.error };
}

function endedByAbort(reason: AbortReason, end: Settled | null): EndedAttempt {
  if (reason instanceof AttemptTimedOut) return { kind: 'timed_out', timeoutMs: reason.timeoutMs };
  if (end?.kind === 'returned') return endedByItself(end);
  return reason instanceof TaskCancelled ? { kind: 'cancelled' } : { kind: 'interrupted' };
}
