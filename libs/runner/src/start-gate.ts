import { Logger } from '@nestjs/common';
import { pause } from '@millrace/contracts';
import { StoreUnavailable, type StartedTask, type StartResult, type TaskRepository } from '@millrace/store';
import type { TaskPolicy } from '@millrace/tasks';
import type { HeldTask } from './held-tasks';
import { retryPauseMs } from './patience';
import { recordRawClaims, UNRECORDABLE } from './record-raw-claims';
import type { Tally } from './tally';

/** Most tasks of one start statement. */
const BATCH = 500;

/** How long claimed tasks wait for PostgreSQL before they go to whoever may reach it. */
const PATIENCE_MS = 5_000;

/**
 * A start that was given up may still wait in the server, and be committed as long as a statement may take
 * (`statement_timeout`, 5 s): a server that was frozen goes on where it stood. So strays are looked for once more so long
 * after a first look that the server answered.
 */
const DOUBT_MS = 6_000;

/** What the gate tells about each task it was shown; exactly one of these is called for each. */
export interface GateAnswers {
  /** The row is `processing` for this worker now. */
  started(held: HeldTask, task: StartedTask): void;
  /** The row is due later. */
  early(held: HeldTask, dueInMs: number): void;
  /** `expires_at` had passed; the row has failed. */
  expired(held: HeldTask): void;
  /** The entry can never have a row. */
  unrecordable(held: HeldTask, reason: string): void;
  /** The entry was a stale hint: the row is final, elsewhere, at another attempt, or not there. */
  refused(held: HeldTask, reason: string): void;
  /** The store does not answer, or the worker stops: others may start it. */
  unanswered(held: HeldTask): void;
  /** The task alone makes the statement fail. */
  unstartable(held: HeldTask): void;
}

type GateResult = StartResult | { readonly kind: 'unrecordable' };

export interface StartGateParts {
  readonly workerId: string;
  readonly tasks: TaskRepository;
  readonly policy: TaskPolicy;
  readonly tally: Tally;
  /** Hands back rows that are this worker's and do not run here. */
  readonly handBackStrays: () => Promise<unknown>;
  /** Aborts when the worker stops: what has not started is not started any more. */
  readonly stopping: AbortSignal;
}

/**
 * Asks PostgreSQL for every claimed task whether this worker may start it, a batch at a time: the next batch is what was
 * claimed while the last one was under way, so a lone task waits for nothing.
 *
 * - An entry nobody recorded yet (a raw submit) gets its row first.
 * - While PostgreSQL is away `stalled` tells the claim loop to take no more, and the batch waits under its leases for five
 *   seconds: another worker may reach the store. What comes after that is a question now and then, until it answers.
 */
export class StartGate {
  private readonly logger = new Logger(StartGate.name);
  private readonly waiting: HeldTask[] = [];
  private turning: Promise<void> | null = null;
  private failures = 0;
  /** Set when a start may have been committed without its answer having arrived, and when somebody wants to know. */
  private strayWanted = false;
  /** The server may still have a start that was given up. */
  private inDoubt = false;

  constructor(
    private readonly parts: StartGateParts,
    private readonly answers: GateAnswers,
  ) {}

  /** PostgreSQL did not answer last time. */
  get stalled(): boolean {
    return this.failures > 0;
  }

  show(held: readonly HeldTask[]): void {
    this.waiting.push(...held);
    this.turning ??= this.turn();
  }

  /** Looks for rows that are ours and do not run here, as soon as no start is under way. */
  lookForStrays(): void {
    this.strayWanted = true;
    this.turning ??= this.turn();
  }

  /** Waits until nothing is at the gate. */
  async idle(): Promise<void> {
    await this.turning;
  }

  private async turn(): Promise<void> {
    await Promise.resolve();
    do {
      while (this.waiting.length > 0 && !this.stalled) await this.open(this.waiting.splice(0, BATCH));
      for (const held of this.waiting.splice(0)) this.answers.unanswered(held);
      if (this.strayWanted) await this.findStrays();
    } while (this.waiting.length > 0 || (this.stalled && !this.parts.stopping.aborted));
    this.turning = null;
  }

  private async open(batch: readonly HeldTask[]): Promise<void> {
    const givenUpAtMs = performance.now() + PATIENCE_MS;
    while (!this.parts.stopping.aborted && performance.now() < givenUpAtMs) {
      const asked = await this.ask(batch).then(
        (results) => ({ results }),
        (error: unknown) => ({ error }),
      );
      if ('results' in asked) {
        this.failures = 0;
        batch.forEach((held, index) => this.answer(held, asked.results[index]));
        return;
      }
      if (!(asked.error instanceof StoreUnavailable)) return this.openSingly(batch, asked.error);
      await this.waitForStore(asked.error);
    }
    for (const held of batch) this.answers.unanswered(held);
  }

  private async waitForStore(error: StoreUnavailable): Promise<void> {
    this.failures += 1;
    this.strayWanted = true;
    this.inDoubt = true;
    if (this.failures === 1) this.logger.warn('Starts wait for the database', { error });
    await pause(retryPauseMs(this.failures), this.parts.stopping);
  }

  private async ask(batch: readonly HeldTask[]): Promise<GateResult[]> {
    const { tasks, policy } = this.parts;
    const recorded = await recordRawClaims(tasks, policy, batch);
    this.parts.tally.batch('start', batch.length);
    const starts = batch.map(({ claim }) => ({ taskId: claim.taskId, attempt: claim.attempt ?? 0 }));
    const results = await tasks.startMany(starts, this.parts.workerId);
    if (recorded.size === 0) return results;
    return results.map((result, index) =>
      recorded.get(batch[index]?.taskId ?? '') === 'invalid' ? { kind: 'unrecordable' } : result,
    );
  }

  private answer(held: HeldTask, result: GateResult | undefined): void {
    switch (result?.kind) {
      case 'started':
        return this.answers.started(held, result.task);
      case 'early':
        return this.answers.early(held, result.dueInMs);
      case 'expired':
        return this.answers.expired(held);
      case 'refused':
        return this.answers.refused(held, result.reason);
      case 'unrecordable':
        return this.answers.unrecordable(held, UNRECORDABLE);
      case undefined:
        return this.answers.unstartable(held);
      default:
        return result satisfies never;
    }
  }

  /** One row may be at fault, and the others must not wait for it. */
  private async openSingly(batch: readonly HeldTask[], error: unknown): Promise<void> {
    const [only] = batch;
    if (only && batch.length === 1) {
      this.logger.error('A task cannot be started', { taskId: only.taskId, error });
      this.answers.unstartable(only);
      return;
    }
    for (const held of batch) await this.open([held]);
  }

  private async findStrays(): Promise<void> {
    try {
      await this.parts.handBackStrays();
      this.strayWanted = false;
      this.failures = 0;
      if (this.inDoubt) void this.lookAgain();
      this.inDoubt = false;
    } catch (error) {
      if (error instanceof StoreUnavailable && this.stalled) return this.waitForStore(error);
      this.logger.warn('Looking for starts without an answer failed', { error });
      this.failures = 0;
    }
  }

  private async lookAgain(): Promise<void> {
    await pause(DOUBT_MS, this.parts.stopping);
    if (!this.parts.stopping.aborted) this.lookForStrays();
  }
}
