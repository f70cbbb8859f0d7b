import type { OutcomeRecord, StartedTask } from '@millrace/store';
import { decideOutcome, failureOf, sanitizeForRecord, type Decision } from '@millrace/tasks';
import type { Fire } from './timed-job';

/** Why a run was told to stop; the first reason counts. */
export type StopReason = 'cancelled' | 'timed_out' | 'stopping' | 'superseded';

/** What the signal's `reason` says. */
const MESSAGES: Readonly<Record<StopReason, string>> = {
  cancelled: 'The run was cancelled',
  timed_out: 'The run takes longer than its timeout',
  stopping: 'The scheduler stops',
  superseded: 'The run was given up, as its scheduler was not heard of',
};

/** Timers take no longer wait. */
const MAX_TIMER_MS = 2 ** 31 - 1;

type End = { readonly value: unknown } | { readonly error: unknown };

/**
 * One run of a function, recorded as a task that this process holds.
 *
 * It is over when the function is, whatever its signal says: were it recorded as ended before, another replica would start
 * the next one beside it.
 */
export class FunctionRun {
  private readonly controller = new AbortController();
  private reason: StopReason | null = null;

  constructor(
    readonly task: StartedTask,
    private readonly fn: (fire: Fire) => unknown,
  ) {}

  /** Calls the function and waits for its end; answers what became of it. Never rejects. */
  async run(): Promise<Decision> {
    const { timeoutMs } = this.task;
    const timer =
      timeoutMs === null ? undefined : setTimeout(() => this.abort('timed_out'), Math.min(timeoutMs, MAX_TIMER_MS));
    const end = await this.call();
    clearTimeout(timer);
    return decisionOf(this.task, end, this.reason);
  }

  /** Aborts the function's signal. */
  abort(reason: StopReason): void {
    if (this.reason) return;
    this.reason = reason;
    this.controller.abort(new Error(MESSAGES[reason]));
  }

  private async call(): Promise<End> {
    const { slotAt, runAt } = this.task;
    try {
      return { value: await this.fn({ slotAt: slotAt ?? runAt, signal: this.controller.signal }) };
    } catch (error) {
      return { error };
    }
  }
}

/** A run that was never begun, or did not reach its end: it fails, as nobody else could take it over. */
export function lostDecision({ retryCount, crashCount }: Counts, errorMessage: string): Decision {
  return { ...FAILED, outcome: 'lost', errorCode: 'worker_crashed', errorMessage, retryCount, crashCount };
}

/** The outcome to record for a decision about a held task. */
export function outcomeOf(
  { id, taskId, attempt }: Pick<StartedTask, 'id' | 'taskId' | 'attempt'>,
  decision: Decision,
  workerId: string,
): OutcomeRecord {
  return { id, taskId, attempt, workerId, ...decision };
}

type Counts = Pick<Decision, 'retryCount' | 'crashCount'>;

const FAILED = { status: 'failed', resultJson: null, delayMs: null } as const;

/** A result is a result, also of one that was told to stop, except after the timeout that was promised. */
function decisionOf(task: StartedTask, end: End, reason: StopReason | null): Decision {
  if (reason === 'timed_out') return decideOutcome({ kind: 'timed_out', timeoutMs: task.timeoutMs ?? 0 }, task);
  if ('value' in end) return decideOutcome({ kind: 'returned', resultJson: sanitizeForRecord(end.value) }, task);
  switch (reason) {
    case 'cancelled':
      return decideOutcome({ kind: 'cancelled' }, task);
    case 'stopping':
    case 'superseded':
      return { ...lostDecision(task, `${MESSAGES[reason]}: the function was not through`), outcome: 'interrupted' };
    case null:
      return decideOutcome({ kind: 'failed', failure: { kind: 'error', message: messageOf(end.error) } }, task);
    default:
      return reason satisfies never;
  }
}

/** Only handlers may ask to run later: the next run of a function is its next slot. */
function messageOf(error: unknown): string {
  const failure = failureOf(error);
  return failure.kind === 'snooze' ? 'The function asked to run later, which only handlers can' : failure.message;
}
