import { sanitizeForRecord, type EndedAttempt } from '@millrace/tasks';
import { AttemptTimedOut, TaskCancelled, WorkerStopping, type AbortReason } from './abort-reasons';
import { after } from './long-timer';

/** A handler whose signal aborted is waited for this long before the attempt is recorded without it. */
export const GRACE_MS = 5_000;
/** The same at a shutdown, where the process has to go. */
export const STOPPING_GRACE_MS = 3_000;

/** How the handler itself ended. */
type Settled =
  { readonly kind: 'returned'; readonly value: unknown } | { readonly kind: 'threw'; readonly error: unknown };

/** One attempt, as the one who watches it sees it. */
export interface Run {
  /** Starts it. `onEnd` is told once how the attempt ended: when the handler does not wait for anything, before this returns. */
  begin(onEnd: (ended: EndedAttempt) => void): void;
  /** Aborts the handler's signal; later reasons are ignored. */
  abort(reason: AbortReason): void;
  /** False after the end while a handler that ignored its signal is still at it. */
  readonly hasSettled: boolean;
  /** Resolves when the handler itself has settled. Never rejects. */
  whenSettled(): Promise<void>;
}

/** Where a handler finds the signal of its attempt. */
export interface SignalSource {
  readonly signal: AbortSignal;
}

/**
 * A handler on one attempt, watched: the handler, its timeout and whoever aborts it race, and whatever the
 * handler does (throws at once, never settles, returns what is no JSON) becomes one `EndedAttempt`.
 *
 * After an abort the handler has a short grace to settle. A result is then still a result, except after the timeout,
 * which the submitter was promised; anything thrown counts as the abort. What it does after the grace is ignored.
 *
 * There is one promise for a handler that waits and none for one that does not: each step of a chain that every task passes
 * costs a worker a twentieth of what the whole attempt costs it.
 */
export class Attempt implements Run, SignalSource {
  hasSettled = false;
  private onEnd: ((ended: EndedAttempt) => void) | null = null;
  private onSettled: (() => void) | null = null;
  private stopTimeout: (() => void) | null = null;
  private reason: AbortReason | null = null;
  private grace: NodeJS.Timeout | null = null;
  private controller: AbortController | null = null;

  constructor(
    private readonly handle: (source: SignalSource) => unknown,
    private readonly timeoutMs: number | null,
    private readonly graceMs = GRACE_MS,
  ) {}

  /** Made when it is first asked for: most handlers never do, and a signal costs more than all the rest of a short attempt. */
  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.reason) this.controller.abort(this.reason);
    }
    return this.controller.signal;
  }

  begin(onEnd: (ended: EndedAttempt) => void): void {
    const { timeoutMs } = this;
    this.onEnd = onEnd;
    if (timeoutMs !== null) this.stopTimeout = after(timeoutMs, () => this.abort(new AttemptTimedOut(timeoutMs)));
    let returned: unknown;
    try {
      returned = this.handle(this);
    } catch (error) {
      return this.settle({ kind: 'threw', error });
    }
    if (typeof returned !== 'object' || returned === null) return this.settle({ kind: 'returned', value: returned });
    void Promise.resolve(returned).then(
      (value) => this.settle({ kind: 'returned', value }),
      (error: unknown) => this.settle({ kind: 'threw', error }),
    );
  }

  abort(reason: AbortReason): void {
    if (this.reason || !this.onEnd) return;
    this.reason = reason;
    const graceMs = reason instanceof WorkerStopping ? Math.min(this.graceMs, STOPPING_GRACE_MS) : this.graceMs;
    this.grace = setTimeout(() => this.end(null), graceMs);
    this.controller?.abort(reason);
  }

  async whenSettled(): Promise<void> {
    if (!this.hasSettled) await new Promise<void>((resolve) => (this.onSettled = resolve));
  }

  private settle(settled: Settled): void {
    this.hasSettled = true;
    this.end(settled);
    this.onSettled?.();
  }

  /** `settled` is null when the handler has not settled within the grace. */
  private end(settled: Settled | null): void {
    const { onEnd } = this;
    if (!onEnd) return;
    this.onEnd = null;
    this.stopTimeout?.();
    if (this.grace) clearTimeout(this.grace);
    onEnd(this.reason ? endedByAbort(this.reason, settled) : endedByItself(settled));
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
