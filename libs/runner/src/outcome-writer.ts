import { Logger } from '@nestjs/common';
import { pause } from '@millrace/contracts';
import { StoreUnavailable, type OutcomeRecord, type RecordedOutcome, type TaskRepository } from '@millrace/store';
import type { FinishedAttempt, OutcomeBuffer } from './outcome-buffer';
import { retryPauseMs } from './patience';
import type { Tally } from './tally';

/** Most outcomes of one statement. */
const BATCH = 500;

/** Told of outcomes the store has answered for: what each made of its task, null when another attempt had taken its place. */
export type Settle = (attempts: readonly FinishedAttempt[], won: readonly (RecordedOutcome | null)[]) => void;

type Answer =
  | { readonly kind: 'recorded'; readonly outcomes: readonly RecordedOutcome[] }
  | { readonly kind: 'away' | 'refused'; readonly error: unknown };

export interface OutcomeWriterParts {
  readonly tasks: TaskRepository;
  readonly tally: Tally;
  readonly buffer: OutcomeBuffer;
  /** Aborts when a stopping worker gives up on a store that does not answer. */
  readonly abandon: AbortSignal;
}

/**
 * Records outcomes in PostgreSQL, a batch at a time: the next batch is what ended while the last one was under way.
 *
 * - While PostgreSQL is away outcomes wait in the buffer under their leases; when it is full, `accept` waits too, so that
 *   tasks keep their slots. Whoever takes them from there (`OutcomeSpill`) answers for them.
 * - What is not recorded at `abandon` stays in the buffer.
 * - An outcome that the store refuses is recorded as a failure that says so; nothing is dropped in silence.
 */
export class OutcomeWriter {
  private readonly logger = new Logger(OutcomeWriter.name);
  private turning: Promise<void> | null = null;
  private failures = 0;
  private unansweredSinceMs: number | null = null;

  constructor(
    private readonly parts: OutcomeWriterParts,
    private readonly settle: Settle,
  ) {}

  /** For how long PostgreSQL has owed the answer to an outcome; 0 when it does not. */
  get unansweredForMs(): number {
    return this.unansweredSinceMs === null ? 0 : performance.now() - this.unansweredSinceMs;
  }

  /** Null when the outcome has a place in the buffer; else a promise that resolves as soon as it has. */
  accept(finished: FinishedAttempt): Promise<void> | null {
    const added = this.parts.buffer.add(finished);
    if (added) return added.then(() => this.wake());
    this.wake();
    return null;
  }

  /** Waits until every accepted outcome is recorded, or given up at `abandon`. */
  async idle(): Promise<void> {
    await this.turning;
  }

  private wake(): void {
    this.turning ??= this.turn();
  }

  private async turn(): Promise<void> {
    const { buffer, abandon } = this.parts;
    await Promise.resolve();
    while (buffer.size > 0 && !abandon.aborted) await this.write(buffer.oldest(BATCH));
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
    this.unansweredSinceMs ??= performance.now();
    try {
      const outcomes = await this.parts.tasks.recordOutcomes(records);
      this.unansweredSinceMs = null;
      return { kind: 'recorded', outcomes };
    } catch (error) {
      if (error instanceof StoreUnavailable) return { kind: 'away', error };
      this.unansweredSinceMs = null;
      return { kind: 'refused', error };
    }
  }

  /** One outcome may be at fault, and the others must not wait for it. */
  private async writeSingly(batch: readonly FinishedAttempt[], error: unknown): Promise<void> {
    const [only] = batch;
    if (only && batch.length === 1) return this.writeRefused(only, error);
    for (const finished of batch) {
      if (this.parts.buffer.has(finished)) await this.write([finished]);
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
    const { buffer, tally } = this.parts;
    this.failures = 0;
    tally.batch('outcome', batch.length);
    // What was taken from the buffer meanwhile is settled by whoever took it.
    const ours = buffer.remove(batch);
    this.settle(ours, wonBy(ours, recorded));
  }

  private async waitForStore(outcomes: number, error: unknown): Promise<void> {
    this.failures += 1;
    if (this.failures === 1) this.logger.warn('Outcomes wait for the database', { outcomes, error });
    await pause(retryPauseMs(this.failures), this.parts.abandon);
  }
}

/** In the order of the attempts, as nearly every answer is: nothing has to be looked up then. */
function wonBy(
  attempts: readonly FinishedAttempt[],
  recorded: readonly RecordedOutcome[],
): readonly (RecordedOutcome | null)[] {
  const isInOrder =
    attempts.length === recorded.length &&
    attempts.every(({ record: { taskId, attempt } }, index) => {
      const outcome = recorded[index];
      return outcome?.taskId === taskId && outcome.attempt === attempt;
    });
  if (isInOrder) return recorded;
  const won = new Map(recorded.map((outcome) => [nameOf(outcome), outcome]));
  return attempts.map(({ record }) => won.get(nameOf(record)) ?? null);
}

function nameOf({ taskId, attempt }: { readonly taskId: string; readonly attempt: number }): string {
  return `${attempt} ${taskId}`;
}

/** The outcome with nothing in it that a handler made. */
function unrecordable(record: OutcomeRecord): OutcomeRecord {
  return {
    ...record,
    resultJson: record.resultJson === null ? null : '{"unrecordable":"the database refused the result"}',
    errorMessage: record.errorMessage === null ? null : 'The error could not be recorded',
  };
}
