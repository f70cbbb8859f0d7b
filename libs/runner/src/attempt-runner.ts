import { sanitizeForRecord, type EndedAttempt } from '@millrace/tasks';
import { AttemptTimedOut, TaskCancelled, WorkerStopping, type AbortReason } from './abort-reasons';
import type { RegisteredHandler } from './handler-registry';
import { after } from './long-timer';
import type { TaskContext } from './task-context';

/** A handler whose signal aborted is waited for this long before the attempt is recorded without it. */
export const GRACE_MS = 5_000;
/** The same at a shutdown, where the process has to go. */
export const STOPPING_GRACE_MS = 3_000;

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

/** Where a handler finds the signal of its attempt. */
export interface SignalSource {
  readonly signal: AbortSignal;
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
  contextWith: (source: SignalSource) => TaskContext,
  graceMs = GRACE_MS,
): Run {
  const attempt = new Attempt(timeoutMs, graceMs);
  attempt.watch(settle(() => handler.handle(payload as never, contextWith(attempt))));
  return attempt;
}

class Attempt implements Run, SignalSource {
  readonly ended: Promise<EndedAttempt>;
  settled: Promise<unknown> = Promise.resolve();
  private readonly stopTimeout: (() => void) | null;
  private resolveEnded: (ended: EndedAttempt) => void = () => undefined;
  private reason: AbortReason | null = null;
  private grace: NodeJS.Timeout | undefined;
  private controller: AbortController | null = null;
  private isOver = false;

  constructor(
    timeoutMs: number | null,
    private readonly graceMs: number,
  ) {
    this.ended = new Promise((resolve) => {
      this.resolveEnded = resolve;
    });
    this.stopTimeout = timeoutMs === null ? null : after(timeoutMs, () => this.abort(new AttemptTimedOut(timeoutMs)));
  }

  /** Made when it is first asked for: most handlers never do, and a signal costs more than all the rest of a short attempt. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  watch(settled: Promise<Settled>): void {
    this.settled = settled;
    void settled.then((end) => this.end(end));
  }

  abort(reason: AbortReason): void {
    if (this.reason || this.isOver) return;
    this.reason = reason;
    const graceMs = reason instanceof WorkerStopping ? Math.min(this.graceMs, STOPPING_GRACE_MS) : this.graceMs;
    this.grace = setTimeout(() => this.end(null), graceMs);
    this.controller?.abort(reason);
  }

  /** `end` is null when the handler has not settled within the grace. */
  private end(end: Settled | null): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopTimeout?.();
    clearTimeout(this.grace);
    this.resolveEnded(this.reason ? endedByAbort(this.reason, end) : endedByItself(end));
  }
}

async function settle(handle: () => unknown): Promise<Settled> {
  try {
    return { kind: 'returned', value: await handle() };
  } catch (error) {
    return { kind: 'threw', error };
  }
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
