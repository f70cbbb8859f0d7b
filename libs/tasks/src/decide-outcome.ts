import {
  formatDuration,
  type AttemptOutcome,
  type Backoff,
  type ErrorCode,
  type TaskStatus,
} from '@millrace/contracts';
import { retryDelayMs } from './backoff';
import { NonRetryableError, RetryAfterError, SnoozeError } from './control-flow';
import { describeError } from './describe-error';

/** How one attempt ended, as the one who ran or watched it saw it. */
export type EndedAttempt =
  | { readonly kind: 'returned'; readonly resultJson: string | null }
  | { readonly kind: 'threw'; readonly error: unknown }
  | { readonly kind: 'timed_out'; readonly timeoutMs: number }
  | { readonly kind: 'cancelled' }
  /** The worker shut down before the handler was through. */
  | { readonly kind: 'interrupted' }
  /** The worker vanished with it. */
  | { readonly kind: 'lost' };

/** What the decision needs of the task as it was when the attempt started. */
export interface DecidedTask {
  /** Retries used so far. */
  readonly retryCount: number;
  readonly maxRetry: number;
  readonly retryDelayMs: number;
  readonly backoff: Backoff | null;
  /** Workers lost with it so far. */
  readonly crashCount: number;
}

/** The facts an outcome is recorded with. */
export interface Decision {
  readonly outcome: AttemptOutcome;
  readonly status: Exclude<TaskStatus, 'processing'>;
  readonly resultJson: string | null;
  readonly errorMessage: string | null;
  readonly errorCode: ErrorCode | null;
  readonly retryCount: number;
  readonly crashCount: number;
  /** When `status` is pending: due again this long after the outcome is recorded; else null. */
  readonly delayMs: number | null;
}

/** A task whose worker was lost this often fails with `worker_crashed`. */
export const DEFAULT_CRASH_LIMIT = 3;

/**
 * Decides what becomes of a task after an attempt. Whether a cancel was requested meanwhile is not known here: the
 * statement that records the outcome turns everything but a success into `cancelled` then.
 */
export function decideOutcome(
  ended: EndedAttempt,
  task: DecidedTask,
  { crashLimit = DEFAULT_CRASH_LIMIT, random = Math.random }: { crashLimit?: number; random?: () => number } = {},
): Decision {
  switch (ended.kind) {
    case 'returned':
      return decision(task, { outcome: 'succeeded', status: 'success', resultJson: ended.resultJson });
    case 'threw':
      return decideThrown(ended.error, task, random);
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
    case 'lost':
      return decideLost(task, crashLimit);
    default:
      return ended satisfies never;
  }
}

function decideThrown(error: unknown, task: DecidedTask, random: () => number): Decision {
  if (error instanceof SnoozeError) {
    return decision(task, { outcome: 'snoozed', status: 'pending', delayMs: error.delayMs });
  }
  const errorMessage = describeError(error);
  if (error instanceof NonRetryableError) {
    return decision(task, { outcome: 'failed', status: 'failed', errorCode: 'non_retryable', errorMessage });
  }
  const delayMs = error instanceof RetryAfterError ? error.delayMs : growingDelay(task, random);
  return retryOrFail(task, { outcome: 'failed', errorCode: 'handler_error', errorMessage }, delayMs);
}

function decideLost(task: DecidedTask, crashLimit: number): Decision {
  const crashCount = task.crashCount + 1;
  if (crashCount < crashLimit) return decision(task, { outcome: 'lost', status: 'pending', crashCount, delayMs: 0 });
  return decision(task, {
    outcome: 'lost',
    status: 'failed',
    crashCount,
    errorCode: 'worker_crashed',
    errorMessage: `Its worker was lost ${crashCount} times`,
  });
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
