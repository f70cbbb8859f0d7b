import { Logger } from '@nestjs/common';
import { QueueUnavailable, type Queues } from '@millrace/queue';
import type { RecordedOutcome, TaskQueries, TaskRepository } from '@millrace/store';
import { dispatchOf } from '@millrace/tasks';
import type { SpillFile, SpillFolder } from './spill-folder';
import type { SpilledOutcome } from './spilled-outcome';

/** Most files of one run; the next one goes on. */
const FILES = 100;

/**
 * Records the outcomes that ended workers left on disk, under the conditions of any outcome: one whose task has gone to
 * another attempt meanwhile is kept as superseded. Then frees their holds and queues what is to run again.
 */
export class OutcomeReplay {
  private readonly logger = new Logger(OutcomeReplay.name);
  /** Files whose tasks this database does not know: somebody else's, who shares the folder. */
  private readonly foreign = new Set<string>();

  constructor(
    private readonly folder: SpillFolder,
    private readonly tasks: TaskRepository,
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
  ) {}

  /** Returns how many outcomes it recorded. Throws `StoreUnavailable`, and leaves the file for the next run. */
  async runOnce(): Promise<number> {
    let recorded = 0;
    for (let files = 0; files < FILES; files += 1) {
      const file = await this.folder.take(Date.now(), this.foreign);
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
        const ours = await this.ours(batch);
        const won = await this.tasks.recordOutcomes(ours.map(({ record }) => record));
        await this.settle(ours, won);
        outcomes += batch.length;
        known += ours.length;
        recorded += won.length;
      }
    } catch (error) {
      await file.giveBack();
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

  /** Those whose very task is in this database: an id alone may be another's here. */
  private async ours(batch: readonly SpilledOutcome[]): Promise<SpilledOutcome[]> {
    const rows = await this.queries.findByTaskIds(batch.map(({ record }) => record.taskId));
    const ids = new Map(rows.map(({ taskId, id }) => [taskId, id]));
    return batch.filter(({ record }) => ids.get(record.taskId) === record.id);
  }

  /** The record is what counts; without Redis repair makes up for this. */
  private async settle(batch: readonly SpilledOutcome[], won: readonly RecordedOutcome[]): Promise<void> {
    const again = won.filter(({ status }) => status === 'pending').map(({ taskId }) => taskId);
    const rows = (await this.queries.findByTaskIds(again)).filter(({ status }) => status === 'pending');
    try {
      for (const queue of new Set(batch.map((outcome) => outcome.queue))) {
        const holds = batch.filter((outcome) => outcome.queue === queue);
        await this.queues.of(queue).ack(holds.map(({ token, record }) => ({ taskId: record.taskId, token })));
      }
      for (const row of rows) await this.queues.of(row.queue).enqueue([dispatchOf(row)]);
    } catch (error) {
      if (!(error instanceof QueueUnavailable)) throw error;
      this.logger.warn('Redis could not be told of replayed outcomes', { error });
    }
  }
}
