import { describe, expect, it } from 'vitest';
import { NonRetryableError, RetryAfterError, SnoozeError } from './control-flow';
import { decideOutcome, type DecidedTask, type Decision, type EndedAttempt } from './decide-outcome';

const TASK: DecidedTask = { retryCount: 1, maxRetry: 3, retryDelayMs: 1_000, backoff: null, crashCount: 1 };
const SPENT: DecidedTask = { ...TASK, retryCount: 3 };

const decide = (ended: EndedAttempt, task = TASK) => decideOutcome(ended, task, { random: () => 0 });

/** Nothing spent, nothing recorded: what a decision adds to it is its point. */
const UNTOUCHED: Decision = {
  outcome: 'succeeded',
  status: 'pending',
  resultJson: null,
  errorMessage: null,
  errorCode: null,
  retryCount: 1,
  crashCount: 1,
  delayMs: null,
};

describe('the outcome of an attempt', () => {
  const retried = { status: 'pending', retryCount: 2 } as const;
  const table: [string, EndedAttempt, DecidedTask, Partial<Decision>][] = [
    ['a result is a success', { kind: 'returned', resultJson: '7' }, TASK, { status: 'success', resultJson: '7' }],
    [
      'an error is retried after a growing delay',
      { kind: 'threw', error: new Error('no route') },
      TASK,
      { ...retried, outcome: 'failed', errorCode: 'handler_error', errorMessage: 'no route', delayMs: 2_000 },
    ],
    [
      'an error without a retry left is final',
      { kind: 'threw', error: new Error('no route') },
      SPENT,
      { outcome: 'failed', status: 'failed', errorCode: 'handler_error', errorMessage: 'no route', retryCount: 3 },
    ],
    [
      'a non-retryable error is final at once',
      { kind: 'threw', error: new NonRetryableError('no such order') },
      TASK,
      {
        outcome: 'failed',
        status: 'failed',
        errorCode: 'non_retryable',
        errorMessage: 'NonRetryableError: no such order',
      },
    ],
    [
      'a retry-after error spends a retry and sets the delay',
      { kind: 'threw', error: new RetryAfterError('1m', 'busy') },
      TASK,
      {
        ...retried,
        outcome: 'failed',
        errorCode: 'handler_error',
        errorMessage: 'RetryAfterError: busy',
        delayMs: 60_000,
      },
    ],
    [
      'a retry-after error without a retry left is final',
      { kind: 'threw', error: new RetryAfterError('1m', 'busy') },
      SPENT,
      {
        outcome: 'failed',
        status: 'failed',
        errorCode: 'handler_error',
        errorMessage: 'RetryAfterError: busy',
        retryCount: 3,
      },
    ],
    [
      'a snooze spends nothing, even without a retry left',
      { kind: 'threw', error: new SnoozeError('5s') },
      SPENT,
      { outcome: 'snoozed', retryCount: 3, delayMs: 5_000 },
    ],
    [
      'a timeout is retried like an error',
      { kind: 'timed_out', timeoutMs: 90_000 },
      TASK,
      {
        ...retried,
        outcome: 'timed_out',
        errorCode: 'timeout',
        errorMessage: 'The attempt ran longer than its timeout of 1m30s',
        delayMs: 2_000,
      },
    ],
    [
      'a timeout without a retry left is final',
      { kind: 'timed_out', timeoutMs: 1_000 },
      SPENT,
      {
        outcome: 'timed_out',
        status: 'failed',
        errorCode: 'timeout',
        errorMessage: 'The attempt ran longer than its timeout of 1s',
        retryCount: 3,
      },
    ],
    [
      'a cancelled attempt ends cancelled',
      { kind: 'cancelled' },
      TASK,
      { outcome: 'cancelled', status: 'cancelled', errorCode: 'cancelled', errorMessage: 'Cancelled on request' },
    ],
    [
      'an interrupted attempt is due at once and spends nothing',
      { kind: 'interrupted' },
      SPENT,
      { outcome: 'interrupted', retryCount: 3, delayMs: 0 },
    ],
    [
      'a crash in a process of its own spends a crash, not a retry',
      { kind: 'crashed', how: 'it fell over' },
      { ...TASK, crashCount: 1 },
      { outcome: 'lost', crashCount: 2, errorCode: 'worker_crashed', errorMessage: 'it fell over', delayMs: 0 },
    ],
    [
      'a crash in a process of its own at the limit is final',
      { kind: 'crashed', how: 'it fell over' },
      { ...TASK, crashCount: 2 },
      { outcome: 'lost', status: 'failed', crashCount: 3, errorCode: 'worker_crashed', errorMessage: 'it fell over' },
    ],
    [
      'a crash in a process of its own is final for whoever was lost more often than that with workers',
      { kind: 'crashed', how: 'it fell over' },
      { ...TASK, crashCount: 6 },
      { outcome: 'lost', status: 'failed', crashCount: 7, errorCode: 'worker_crashed', errorMessage: 'it fell over' },
    ],
    [
      'a failure described elsewhere counts as if it had been thrown here',
      { kind: 'failed', failure: { kind: 'retry_after', message: 'RetryAfterError: busy', delayMs: 60_000 } },
      TASK,
      {
        ...retried,
        outcome: 'failed',
        errorCode: 'handler_error',
        errorMessage: 'RetryAfterError: busy',
        delayMs: 60_000,
      },
    ],
  ];

  it.each(table)('%s', (_rule, ended, task, expected) => {
    expect(decide(ended, task)).toEqual({ ...UNTOUCHED, ...expected });
  });

  it('of a task without retries is final after its first error', () => {
    const task = { ...TASK, retryCount: 0, maxRetry: 0 };

    expect(decide({ kind: 'threw', error: new Error('no') }, task).status).toBe('failed');
  });

  it.each([
    [undefined, 'The handler threw undefined'],
    [null, 'The handler threw null'],
    ['out of paper', 'The handler threw "out of paper"'],
    [Symbol('x'), 'The handler threw a symbol'],
    [{ password: 'secret' }, 'The handler threw an object that is no Error'],
    [new TypeError('x is not a function'), 'TypeError: x is not a function'],
    [new Error('outer', { cause: new Error('inner') }), 'outer (caused by inner)'],
    [new Error('a\0b\ud800'), 'a\ufffdb\ufffd'],
    [hostileError(), 'The handler threw something that cannot be described'],
  ])('describes a thrown value in one line', (error, expected) => {
    expect(decide({ kind: 'threw', error }).errorMessage).toBe(expected);
  });
});

function hostileError(): Error {
  const error = new Error('never seen');
  Object.defineProperty(error, 'message', {
    get: () => {
      throw new Error('from the getter');
    },
  });
  return error;
}
