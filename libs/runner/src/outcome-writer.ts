import { Logger } from '@nestjs/common';
import {
  StoreUnavailable,
  type OutcomeRecord,
  type RecordedOutcome,
  type StartedTask,
  type TaskRepository,
} from '@millrace/store';
import type { HeldTask } from './held-tasks';
import { pause, retryPauseMs } from './pause';
import type { Tally } from './tally';

/** Most outcomes of one statement, and most that may wait for one. */
const BATCH = 500;
const MOST_WAITING = 10_000;
const MOST_WAITING_BYTES = 64 * 1024 * 1024;

/** An attempt that ended, with what is to be recorded about it. */
export interface FinishedAttempt {
  readonly held: HeldTask;
  readonly task: StartedTask;
  readonly record: OutcomeRecord;
}

/** An outcome the store has answered for; `won` is null when another attempt had taken the task's place. */
export interface SettledAttempt extends FinishedAttempt {
  readonly won: RecordedOutcome | null;
}

type Answer =
  | { readonly kind: 'recorded'; readonly outcomes: readonly RecordedOutcome[] }
  | { readonly kind: 'away' | 'refused'; readonly error: unknown };

export interface OutcomeWriterParts {
  readonly tasks: TaskRepository;
  readonly tally: Tally;
  /** Aborts when a stopping worker gives up on a store that does not answer. */
  readonly abandon: AbortSignal;
}

/**
 * Records outcomes in PostgreSQL, a batch at a time: the next batch is what ended while the last one was under way.
 *
 * - While PostgreSQL is away outcomes wait here under their leases; `stalled` tells the claim loop to take no more.
 * - When 10,000 or 64 MiB of results wait, `accept` waits too, so that tasks keep their slots.
 * - What is not recorded at `abandon` stays here for `unrecorded`.
 * - An outcome that the store refuses is recorded as a failure that says so; nothing is dropped in silence.
 */
export class OutcomeWriter {
  private readonly logger = new Logger(OutcomeWriter.name);
  private readonly waiting: FinishedAttempt[] = [];
  private waitingBytes = 0;
  private turning: Promise<void> | null = null;
  private roomWanted: (() => void)[] = [];
  private failures = 0;

  constructor(
    private readonly parts: OutcomeWriterParts,
    private readonly settled: (attempts: readonly SettledAttempt[]) => void,
  ) {
    const { abandon } = parts;
    abandon.addEventListener('abort', () => this.makeRoom(), { once: true });
  }

  /** PostgreSQL did not answer last time. */
  get stalled(): boolean {
    return this.failures > 0;
  }

  get size(): number {
    return this.waiting.length;
  }

  /** Resolves as soon as the outcome has a place in the buffer. */
  async accept(finished: FinishedAttempt): Promise<void> {
    while (this.isFull() && !this.parts.abandon.aborted) {
      await new Promise<void>((resolve) => this.roomWanted.push(resolve));
    }
    this.waiting.push(finished);
    this.waitingBytes += sizeOf(finished);
    this.turning ??= this.turn();
  }

  /** Waits until every accepted outcome is recorded, or given up at `abandon`. */
  async idle(): Promise<void> {
    await this.turning;
  }

  /** What is accepted and not known to be recorded. */
  unrecorded(): readonly FinishedAttempt[] {
    return [...this.waiting];
  }

  private isFull(): boolean {
    return this.waiting.length >= MOST_WAITING || this.waitingBytes >= MOST_WAITING_BYTES;
  }

  private async turn(): Promise<void> {
    await Promise.resolve();
    while (this.waiting.length > 0 && !this.parts.abandon.aborted) {
      await this.write(this.waiting.slice(0, BATCH));
    }
    this.turning = null;
  }

  /** The batch stays in the buffer until it is recorded, so that the bound counts it. */
  private async write(batch: readonly FinishedAttempt[]): Promise<void> {
    const answer = await this.record(batch.map(({ record }) => record));
    switch (answer.kind) {
      case 'recorded':
        return this.finish(batch, answer.outcomes);
      case 'away':
        return this.waitForStore(batch.length, answer.error);
      case 'refused':
        return this.writeSingly(batch, answer.error);
      default:
        return answer satisfies never;
    }
  }

  private async record(records: readonly OutcomeRecord[]): Promise<Answer> {
    try {
      return { kind: 'recorded', outcomes: await this.parts.tasks.recordOutcomes(records) };
    } catch (error) {
      return { kind: error instanceof StoreUnavailable ? 'away' : 'refused', error };
    }
  }

  /** One outcome may be at fault, and the others must not wait for it. */
  private async writeSingly(batch: readonly FinishedAttempt[], error: unknown): Promise<void> {
    const [only] = batch;
    if (only && batch.length === 1) return this.writeRefused(only, error);
    for (const finished of batch) {
      await this.write([finished]);
      if (this.failures > 0) return;
    }
  }

  private async writeRefused(finished: FinishedAttempt, error: unknown): Promise<void> {
    const { taskId, attempt } = finished.record;
    this.logger.error('The database refused an outcome', { taskId, attempt, error });
    const answer = await this.record([unrecordable(finished.record)]);
    if (answer.kind === 'away') return this.waitForStore(1, answer.error);
    this.finish([finished], answer.kind === 'recorded' ? answer.outcomes : []);
  }

  private finish(batch: readonly FinishedAttempt[], recorded: readonly RecordedOutcome[]): void {
    this.failures = 0;
    this.parts.tally.batch('outcome', batch.length);
    for (const gone of this.waiting.splice(0, batch.length)) this.waitingBytes -= sizeOf(gone);
    this.makeRoom();
    const won = new Map(recorded.map((outcome) => [`${outcome.attempt} ${outcome.taskId}`, outcome]));
    this.settled(
      batch.map((finished) => ({
        ...finished,
        won: won.get(`${finished.record.attempt} ${finished.record.taskId}`) ?? null,
      })),
    );
  }

  private makeRoom(): void {
    const waiting = this.roomWanted;
    this.roomWanted = [];
    for (const wake of waiting) wake();
  }

  private async waitForStore(outcomes: number, error: unknown): Promise<void> {
    this.failures += 1;
    if (this.failures === 1) this.logger.warn('Outcomes wait for the database', { outcomes, error });
    await pause(retryPauseMs(this.failures), this.parts.abandon);
  }
}

/** Roughly: what else an outcome holds is small. */
function sizeOf({ record }: FinishedAttempt): number {
  return record.resultJson?.length ?? 0;
}

/** The outcome with nothing in it that a handler made. */
function unrecordable(record: OutcomeRecord): OutcomeRecord {
  return {
    ...record,
    resultJson: record.resultJson === null ? null : '{"unrecordable":"the database refused the result"}',
    errorMessage: record.errorMessage === null ? null : 'The error could not be recorded',
  };
}
