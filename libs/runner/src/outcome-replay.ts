import { Logger } from '@nestjs/common';
import { QueueUnavailable, type Queues } from '@millrace/queue';
import {
  StoreUnavailable,
  type RecordedOutcome,
  type TaskQueries,
  type TaskRepository,
  type TaskRow,
} from '@millrace/store';
import { dispatchOf } from '@millrace/tasks';
import { keepSpilled, SPILLED_HOLD_MS } from './keep-spilled';
import type { SpillFile, SpillFolder } from './spill-folder';
import type { SpilledOutcome } from './spilled-outcome';
import type { Tally } from './tally';

/** Most files of one run; the next one goes on. */
const FILES = 100;

/** While PostgreSQL is away the holds are kept so often. */
const KEEP_EVERY_MS = SPILLED_HOLD_MS / 5;

export interface OutcomeReplayParts {
  readonly folder: SpillFolder;
  readonly tasks: TaskRepository;
  readonly queries: TaskQueries;
  readonly queues: Queues;
  readonly tally: Tally;
}

/**
 * Records the outcomes that workers, this one or others, have left on disk, under the conditions of any outcome: one whose
 * task has gone to another attempt meanwhile is kept as superseded. Then frees their holds and queues what is to run again.
 * As long as PostgreSQL is away it keeps the holds, however long that takes.
 */
export class OutcomeReplay {
  private readonly logger = new Logger(OutcomeReplay.name);
  /** Files whose tasks this database does not know: somebody else's, who shares the folder. */
  private readonly foreign = new Set<string>();
  private keptAtMs = -KEEP_EVERY_MS;

  constructor(private readonly parts: OutcomeReplayParts) {}

  /** Returns how many outcomes it recorded. Throws `StoreUnavailable`, and leaves the file for the next run. */
  async runOnce(): Promise<number> {
    let recorded = 0;
    for (let files = 0; files < FILES; files += 1) {
      const file = await this.parts.folder.take(Date.now(), this.foreign);
      if (!file) break;
      recorded += await this.replay(file);
    }
    return recorded;
  }

  private async replay(file: SpillFile): Promise<number> {
    let outcomes = 0;
    let known = 0;
    let recorded = 0;
    try {
      for await (const batch of file.batches()) {
        const rows = await this.rowsOf(batch);
        const ours = batch.filter(({ record }) => rows.has(record.taskId));
        const won = await this.parts.tasks.recordOutcomes(ours.map(({ record }) => record));
        this.count(ours, rows, won);
        await this.settle(ours, won);
        outcomes += batch.length;
        known += ours.length;
        recorded += won.length;
      }
    } catch (error) {
      await file.giveBack();
      if (error instanceof StoreUnavailable) await this.keepHolds();
      throw error;
    }
    const { name, unreadable } = file;
    if (outcomes > 0 && known === 0) {
      this.foreign.add(name);
      await file.giveBack();
      this.logger.warn('Left outcomes of another database where they are', { file: name, outcomes });
      return 0;
    }
    await file.remove();
    this.logger.warn('Recorded outcomes that had been saved on disk', {
      recorded,
      superseded: known - recorded,
      unknown: outcomes - known,
      unreadable,
    });
    return recorded;
  }

  /** The rows of those whose very task is in this database: an id alone may be another's here. */
  private async rowsOf(batch: readonly SpilledOutcome[]): Promise<ReadonlyMap<string, TaskRow>> {
    const ids = new Map(batch.map(({ record }) => [record.taskId, record.id]));
    const rows = await this.parts.queries.findByTaskIds([...ids.keys()]);
    return new Map(rows.filter(({ taskId, id }) => ids.get(taskId) === id).map((row) => [row.taskId, row]));
  }

  private count(
    ours: readonly SpilledOutcome[],
    rows: ReadonlyMap<string, TaskRow>,
    won: readonly RecordedOutcome[],
  ): void {
    const statuses = new Map(won.map(({ taskId, status }) => [taskId, status]));
    for (const { record } of ours) {
      const row = rows.get(record.taskId);
      const status = statuses.get(record.taskId);
      if (row && status) this.parts.tally.recorded(row, status === 'cancelled' ? status : record.outcome, status);
      else if (row) this.parts.tally.superseded(row);
    }
  }

  private async keepHolds(): Promise<void> {
    const nowMs = performance.now();
    if (nowMs - this.keptAtMs < KEEP_EVERY_MS) return;
    this.keptAtMs = nowMs;
    for await (const batch of this.parts.folder.waiting()) await keepSpilled(this.parts.queues, batch);
  }

  /** The record is what counts; without Redis repair makes up for this. */
  private async settle(batch: readonly SpilledOutcome[], won: readonly RecordedOutcome[]): Promise<void> {
    const again = won.filter(({ status }) => status === 'pending').map(({ taskId }) => taskId);
    const rows = (await this.parts.queries.findByTaskIds(again)).filter(({ status }) => status === 'pending');
    try {
      for (const queue of new Set(batch.map((outcome) => outcome.queue))) {
        const holds = batch.filter((outcome) => outcome.queue === queue);
        await this.parts.queues.of(queue).ack(holds.map(({ token, record }) => ({ taskId: record.taskId, token })));
      }
      for (const row of rows) await this.parts.queues.of(row.queue).enqueue([dispatchOf(row)]);
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error;
      this.logger.warn('Redis could not be told of replayed outcomes', { error });
    }
  }
}
