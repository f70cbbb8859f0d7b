import { Injectable } from '@nestjs/common';
import { CellDuty } from '@millrace/runtime';
import type { StartedTask } from '@millrace/store';
import { failureOf, TaskSubmitter, type EndedAttempt } from '@millrace/tasks';
import { Attempt, type Run } from '../attempt-runner';
import { HandlerContext } from '../handler-context';
import { HandlerRegistry } from '../handler-registry';
import { openChannel, type CellChannel } from './cell-channel';
import { reasonOf, type EndedInCell, type ToCell } from './cell-messages';

/** Shortest time between two words about progress: the worker writes no more than one a second. */
const PROGRESS_MS = 200;

/**
 * The attempt in a cell, seen from inside: waits for its task, runs the handler on it as a worker would, and says what
 * came of it. The timeout and the last word are the worker's.
 */
@Injectable()
export class CellSeat extends CellDuty {
  private channel: CellChannel | null = null;
  private run: Run | null = null;
  private timeoutMs: number | null = null;
  private progressJson: string | null = null;
  private progressTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly registry: HandlerRegistry,
    private readonly submitter: TaskSubmitter,
  ) {
    super();
  }

  async serve(): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.channel = openChannel((message) => this.hear(message, resolve));
    });
    await this.channel?.send({ kind: 'ready' });
    await over;
  }

  private hear(message: ToCell, over: () => void): void {
    if (message.kind === 'abort') return this.run?.abort(reasonOf(message.reason, this.timeoutMs));
    void this.attempt(message.task).then(over);
  }

  private async attempt(task: StartedTask): Promise<void> {
    const ended = endedInCell(await this.start(task));
    this.sayProgress();
    await this.channel?.send({ kind: 'ended', ended });
  }

  private async start(task: StartedTask): Promise<EndedAttempt> {
    const handler = this.registry.find(task.type);
    if (!handler) return { kind: 'threw', error: new Error(`No handler here serves the type ${task.type}`) };
    this.timeoutMs = task.timeoutMs ?? handler.timeoutMs;
    const setProgress = (progressJson: string) => this.setProgress(progressJson);
    const run = new Attempt(
      (source) =>
        handler.handler.handle(task.payload as never, new HandlerContext(task, source, this.submitter, setProgress)),
      null,
    );
    this.run = run;
    return new Promise((resolve) => run.begin(resolve));
  }

  private setProgress(progressJson: string): void {
    this.progressJson = progressJson;
    this.progressTimer ??= setTimeout(() => this.sayProgress(), PROGRESS_MS);
  }

  private sayProgress(): void {
    if (this.progressTimer) clearTimeout(this.progressTimer);
    this.progressTimer = null;
    if (this.progressJson !== null) void this.channel?.send({ kind: 'progress', progressJson: this.progressJson });
    this.progressJson = null;
  }
}

function endedInCell(ended: EndedAttempt): EndedInCell {
  switch (ended.kind) {
    case 'threw':
      return { kind: 'failed', failure: failureOf(ended.error) };
    // Both are the worker's to see; the cell's own clock decides nothing.
    case 'timed_out':
    case 'crashed':
      return { kind: 'interrupted' };
    case 'returned':
    case 'failed':
    case 'cancelled':
    case 'interrupted':
      return ended;
    default:
      return ended satisfies never;
  }
}
