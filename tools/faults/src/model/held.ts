import type { Claim } from '@millrace/queue';
import type { NewTask, OutcomeRecord, RecordedOutcome, Rescue, Start, StartedTask } from '@millrace/store';
import { decideOutcome, LOSS_LIMIT, SnoozeError, type EndedAttempt } from '@millrace/tasks';

/** Far more than a run takes: what is delayed becomes due by `elapse` alone. */
export const HOUR_MS = 3_600_000;

/** Retries that each task has. */
export const MAX_RETRY = 1;

/** How a handler may end. */
export const ENDS = ['returns', 'throws', 'snoozes'] as const;
export type End = (typeof ENDS)[number];

/** One claimed task in a worker's memory, on its way from the claim to the ack. */
export interface Held {
  readonly claim: Claim;
  task: StartedTask | null;
  ended: EndedAttempt | null;
  /** Undefined: nothing was recorded yet; null: it came too late. */
  won: RecordedOutcome | null | undefined;
}

export const startOf = ({ taskId, attempt }: Claim): Start => ({ taskId, attempt: attempt ?? 0 });

export const rescueOf = (taskId: string, attempt: number, workerId: string): Rescue => ({
  ...{ taskId, attempt, workerId, crashLimit: LOSS_LIMIT },
});

export function endedBy(how: End): EndedAttempt {
  switch (how) {
    case 'returns':
      return { kind: 'returned', resultJson: '"done"' };
    case 'throws':
      return { kind: 'threw', error: new Error('it was to fail') };
    case 'snoozes':
      return { kind: 'threw', error: new SnoozeError(HOUR_MS) };
    default:
      return how satisfies never;
  }
}

export function outcomeOf({ task, ended }: Held, workerId: string): OutcomeRecord[] {
  if (!task || !ended) return [];
  const { id, taskId, attempt } = task;
  return [{ id, taskId, attempt, workerId, ...decideOutcome(ended, task, { random: () => 0.5 }) }];
}

export function newTask(taskId: string, queue: string): NewTask {
  return {
    ...{ taskId, generatedId: false, type: 'noop', queue, priority: 0, payload: '{}', userId: null },
    ...{ maxRetry: MAX_RETRY, retryDelayMs: HOUR_MS, backoff: null, timeoutMs: null, delayMs: null, runAt: null },
    ...{ expiresAt: null, uniqueKey: null, uniqueForMs: null, scheduleId: null, slotAt: null, trace: null },
  };
}
