import { Logger } from '@nestjs/common';
import type { StartedTask } from '@millrace/store';
import { SnoozeError, type EndedAttempt } from '@millrace/tasks';
import { AttemptTimedOut, TaskCancelled, WorkerStopping, type AbortReason } from '../abort-reasons';
import { GRACE_MS, STOPPING_GRACE_MS, type Run } from '../attempt-runner';
import { after } from '../long-timer';
import { waitAtMost } from '../patience';
import type { Cell } from './cell';
import type { CellSpec } from './cell-body';
import { nameOf, type FromCell } from './cell-messages';
import type { Place } from './cells';

/** How long a task waits whose cell was never ready: that is no fault of its own. */
const NOT_READY_MS = 30_000;

/** How long the end of a killed cell is waited for. */
const KILLED_MS = 1_000;

export interface IsolatedAttemptParts {
  readonly place: Place;
  readonly spec: CellSpec;
  readonly task: StartedTask;
  readonly timeoutMs: number | null;
  /** Whether the attempt may still start: asked when its cell is ready. */
  readonly trusted: () => boolean;
  readonly setProgress: (progressJson: string) => void;
}

/**
 * One attempt in a cell of its own, as the worker sees it. The timeout counts from when the cell has the task.
 *
 * - A cell that ends without having said how its attempt ended crashed with it.
 * - A timeout and a lost lease end it by force at once: nothing the handler does would count. A cancel and a shutdown
 *   leave it the grace that any handler has, then force.
 */
export class IsolatedAttempt implements Run {
  /** Nothing of it goes on after the end. */
  hasSettled = false;
  private readonly logger = new Logger(IsolatedAttempt.name);
  private cell: Cell | null = null;
  private reason: AbortReason | null = null;
  private onEnd: ((ended: EndedAttempt) => void) | null = null;
  private stopTimeout = () => undefined as void;
  private graceTimer: NodeJS.Timeout | undefined;

  constructor(private readonly parts: IsolatedAttemptParts) {}

  begin(onEnd: (ended: EndedAttempt) => void): void {
    this.onEnd = onEnd;
    void this.run();
  }

  abort(reason: AbortReason): void {
    if (this.reason) return;
    this.reason = reason;
    if (this.cell === null) return this.finish(endedBy(reason));
    const graceMs = graceOf(reason);
    if (graceMs === 0) return void this.kill(this.cell, reason);
    this.cell.send({ kind: 'abort', reason: nameOf(reason) });
    const { cell } = this;
    this.graceTimer = setTimeout(() => void this.kill(cell, reason), graceMs);
  }

  async whenSettled(): Promise<void> {
    // It ends with its attempt.
  }

  private finish(ended: EndedAttempt): void {
    const { onEnd } = this;
    if (!onEnd) return;
    this.onEnd = null;
    this.hasSettled = true;
    this.stopTimeout();
    clearTimeout(this.graceTimer);
    onEnd(ended);
  }

  private async run(): Promise<void> {
    const { place, spec, task, timeoutMs, trusted } = this.parts;
    let cell: Cell;
    try {
      cell = await place.open(spec);
    } catch (error) {
      // Aborted meanwhile, which ends a cell that is not ready.
      if (this.reason) return;
      this.logger.error('A cell did not start', { taskId: task.taskId, type: task.type, error });
      return this.finish({ kind: 'threw', error: new SnoozeError(NOT_READY_MS) });
    }
    // The end is told, and whoever leaves the place ends the cell.
    if (this.reason) return;
    if (!trusted()) return this.finish({ kind: 'interrupted' });
    this.cell = cell;
    cell.listen((message) => this.hear(message));
    void cell.ended.then((how) => this.finish(this.reason ? endedBy(this.reason) : { kind: 'crashed', how }));
    cell.send({ kind: 'run', task });
    if (timeoutMs !== null) this.stopTimeout = after(timeoutMs, () => this.abort(new AttemptTimedOut(timeoutMs)));
  }

  private hear(message: FromCell): void {
    if (message.kind === 'progress') return this.parts.setProgress(message.progressJson);
    if (message.kind !== 'ended') return;
    const { ended } = message;
    // Anything thrown after an abort counts as the abort; a result is still a result.
    this.finish(this.reason && ended.kind !== 'returned' ? endedBy(this.reason) : ended);
  }

  /** The end is told once the cell is gone, so that the next attempt never runs beside it. */
  private async kill(cell: Cell, reason: AbortReason): Promise<void> {
    cell.listen(() => undefined);
    cell.kill();
    await waitAtMost(KILLED_MS, cell.ended);
    this.finish(endedBy(reason));
  }
}

function graceOf(reason: AbortReason): number {
  if (reason instanceof TaskCancelled) return GRACE_MS;
  return reason instanceof WorkerStopping ? STOPPING_GRACE_MS : 0;
}

function endedBy(reason: AbortReason): EndedAttempt {
  if (reason instanceof AttemptTimedOut) return { kind: 'timed_out', timeoutMs: reason.timeoutMs };
  return reason instanceof TaskCancelled ? { kind: 'cancelled' } : { kind: 'interrupted' };
}
