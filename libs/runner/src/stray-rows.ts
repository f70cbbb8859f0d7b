import { Logger } from '@nestjs/common';
import type { TaskQueries, TaskRepository } from '@millrace/store';
import { decideOutcome } from '@millrace/tasks';
import type { HeldTasks } from './held-tasks';

/** Most rows of one look; the next one finds the rest. */
const BATCH = 500;

/**
 * Hands back the rows that PostgreSQL counts as this worker's and that it does not run: a start was committed and its
 * answer lost on the way. They go back to `pending` at once and spend nothing; repair queues them again.
 *
 * Call it while no start is under way, or a task just started would look like one of them. While outcomes of this worker
 * lie on disk their rows would look like it too: nothing is handed back then.
 */
export class StrayRows {
  private readonly logger = new Logger(StrayRows.name);

  constructor(
    private readonly workerId: string,
    private readonly held: HeldTasks,
    private readonly queries: TaskQueries,
    private readonly tasks: TaskRepository,
    /** Whether outcomes of this worker lie on disk. */
    private readonly hasSpilled: () => Promise<boolean>,
  ) {}

  /** Returns how many rows it handed back. Throws `StoreUnavailable`. */
  async runOnce(): Promise<number> {
    // What was held before the question counts as well: its outcome may be recorded while the answer travels.
    const mine = new Set(this.attemptsHeld());
    // Asked first: what is replayed meanwhile no longer runs by the record either.
    const hasSpilled = await this.hasSpilled();
    const running = await this.queries.processingOf(this.workerId);
    if (hasSpilled) return 0;
    for (const attempt of this.attemptsHeld()) mine.add(attempt);

    const strays = running.filter((row) => !mine.has(nameOf(row))).slice(0, BATCH);
    if (strays.length === 0) return 0;
    const rows = await this.queries.findByTaskIds(strays.map(({ taskId }) => taskId));
    const attempts = new Set(strays.map(nameOf));
    const handedBack = await this.tasks.recordOutcomes(
      rows
        .filter((row) => row.status === 'processing' && attempts.has(nameOf(row)))
        .map((row) => ({
          id: row.id,
          taskId: row.taskId,
          attempt: row.attempt,
          workerId: this.workerId,
          ...decideOutcome({ kind: 'interrupted' }, row),
        })),
    );
    this.logger.warn('Handed back tasks whose start was never heard of', { tasks: handedBack.length });
    return handedBack.length;
  }

  private attemptsHeld(): string[] {
    return this.held.all().map(nameOf);
  }
}

function nameOf({ attempt, taskId }: { readonly attempt: number | null; readonly taskId: string }): string {
  return `${attempt} ${taskId}`;
}
