import { formatDuration, type Backoff } from '@millrace/contracts';
import type { OutcomeRecord } from '@millrace/store';
import { retryDelayMs } from './backoff';
import { failureOf, type Failure } from './failure';

/** How one attempt ended, as the one who ran or watched it saw it. */
export type EndedAttempt =
  | { readonly kind: 'returned'; readonly resultJson: string | null }
  | { readonly kind: 'threw'; readonly error: unknown }
  /** It threw where it ran, in another process, and was described there. */
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'timed_out'; readonly timeoutMs: number }
  | { readonly kind: 'cancelled' }
  /** The worker shut down before the handler was through. */
  | { readonly kind: 'interrupted' }
  /** It took down the process or thread that it had to itself; `how` says how that ended. */
  | { readonly kind: 'crashed'; readonly how: string };

/** What the decision needs of the task as it was when the attempt started. */
export interface DecidedTask {
  /** Retries used so far. */
  readonly retryCount: number;
  readonly maxRetry: number;
  readonly retryDelayMs: number;
  readonly backoff: Backoff | null;
  /** Workers, and processes of its own, lost with it so far. */
  readonly crashCount: number;
}

/** The facts an outcome is recorded with, beside whose it is. With `pending`, due again `delayMs` after that is recorded. */
export type Decision = Omit<OutcomeRecord, 'id' | 'taskId' | 'attempt' | 'workerId'>;

/**
 * A task that was lost so often together with its worker runs in a process of its own from then on: it may be what
 * takes workers down, or it only stood beside it.
 */
export const ISOLATE_AFTER_CRASHES = 2;

/** A task that takes down the process it had to itself, and was lost before so often that this makes so many, fails. */
export const CRASH_LIMIT = 3;

/**
 * A task whose worker was lost this often fails. Since it ran apart from the third time on, it is hardly to blame; but
 * one that reaches its worker from there must not take workers for ever.
 */
export const LOSS_LIMIT = 10;

/**
 * Decides what becomes of a task after an attempt. Whether a cancel was requested meanwhile is not known here: the
 * statement that records the outcome turns everything but a success into `cancelled` then.
 */
export function decideOutcome(
  ended: EndedAttempt,
  task: DecidedTask,
  { random = Math.random }: { random?: () => number } = {},
): Decision {
  switch (ended.kind) {
    case 'returned':
      return decision(task, { outcome: 'succeeded', status: 'success', resultJson: ended.resultJson });
    case 'threw':
      return decideFailure(failureOf(ended.error), task, random);
    case 'failed':
      return decideFailure(ended.failure, task, random);
    case 'timed_out': {
      const errorMessage = `The attempt ran longer than its timeout of ${formatDuration(ended.timeoutMs)}`;
      return retryOrFail(
        task,
        { outcome: 'timed_out', errorCode: 'timeout', errorMessage },
        growingDelay(task, random),
      );
    }
    case 'cancelled':
      return decision(task, {
        outcome: 'cancelled',
        status: 'cancelled',
        errorCode: 'cancelled',
        errorMessage: 'Cancelled on request',
      });
    case 'interrupted':
      return decision(task, {
        outcome: 'interrupted',
        status: 'pending',
        retryCount: task.retryCount + (__MUTANT__ === 'shutdown_spends_retry' ? 1 : 0),
        delayMs: 0,
      });
    case 'crashed':
      return decideCrashed(ended.how, task);
    default:
      return ended satisfies never;
  }
}

function decideFailure(failure: Failure, task: DecidedTask, random: () => number): Decision {
  if (failure.kind === 'snooze') {
    return decision(task, { outcome: 'snoozed', status: 'pending', delayMs: failure.delayMs });
  }
  const errorMessage = failure.message;
  if (failure.kind === 'non_retryable') {
    return decision(task, { outcome: 'failed', status: 'failed', errorCode: 'non_retryable', errorMessage });
  }
  const delayMs = failure.kind === 'retry_after' ? failure.delayMs : growingDelay(task, random);
  return retryOrFail(task, { outcome: 'failed', errorCode: 'handler_error', errorMessage }, delayMs);
}

function decideCrashed(how: string, task: DecidedTask): Decision {
  const crashCount = task.crashCount + 1;
  const facts = { outcome: 'lost', crashCount, errorCode: 'worker_crashed', errorMessage: how } as const;
  if (crashCount >= CRASH_LIMIT) return decision(task, { ...facts, status: 'failed' });
  return decision(task, { ...facts, status: 'pending', delayMs: 0 });
}

function retryOrFail(
  task: DecidedTask,
  failure: Partial<Decision> & Pick<Decision, 'outcome'>,
  delayMs: number,
): Decision {
  if (task.retryCount >= task.maxRetry) return decision(task, { ...failure, status: 'failed' });
  return decision(task, { ...failure, status: 'pending', retryCount: task.retryCount + 1, delayMs });
}

const growingDelay = (task: DecidedTask, random: () => number) => retryDelayMs(task, task.retryCount, random);

/** Completes a decision: what it does not name stays as the task had it. */
function decision(task: DecidedTask, facts: Partial<Decision> & Pick<Decision, 'outcome' | 'status'>): Decision {
  return {
    resultJson: null,
    errorMessage: null,
    errorCode: null,
    retryCount: task.retryCount,
    crashCount: task.crashCount,
    delayMs: null,
    ...facts,
  };
}
