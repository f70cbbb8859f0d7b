import { failpoint, isFunctionType } from '@millrace/contracts';
import type { Queues } from '@millrace/queue';
import type { RunningTask, TaskQueries, TaskRepository } from '@millrace/store';
import { LOSS_LIMIT } from '@millrace/tasks';
import { dispatchMissing } from './dispatch-missing';
import { UnchangedWatch } from './unchanged-watch';

/** Most rows that one search looks at; the next search takes the rest. */
const LIMIT = 5_000;
const BATCH = 1_000;

/**
 * Rows in `processing` whose worker neither store hears from.
 *
 * - Both must have been silent about it for a lease and its grace, and the row must then still look the same for a grace
 *   more on this process's own clock: a database clock that jumps makes all workers look silent until they beat again.
 * - A task whose lease runs is nobody's to take, whatever became of its worker: the outcome may lie on disk.
 */
export class VanishedRows {
  private readonly watch: UnchangedWatch<RunningTask>;
  private readonly silentMs: number;
  private readonly graceMs: number;

  constructor(
    private readonly tasks: TaskRepository,
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
    leaseMs: number,
  ) {
    this.graceMs = leaseMs / 2;
    this.silentMs = leaseMs + this.graceMs;
    this.watch = new UnchangedWatch(leaseMs);
  }

  /**
   * Looks on at `nowMs` of the monotonic clock; does something about it only when it may.
   * Returns how many rows were taken from their worker.
   */
  async recover(queueNames: readonly string[], mayAct: boolean, nowMs: number): Promise<number> {
    const rows = await this.queries.processingOfVanished({ silentMs: this.silentMs, limit: LIMIT });
    const beating = rows.length > 0 ? await this.beating(queueNames) : new Set<string>();
    const vanished = await this.withoutLease(rows.filter(({ workerId }) => !beating.has(workerId)));
    const lost = this.watch.observe(
      vanished.map((item) => ({ key: item.taskId, state: `${item.attempt}/${item.workerId}`, item })),
      this.graceMs,
      nowMs,
    );
    if (!mayAct) return 0;
    let rescued = 0;
    for (let at = 0; at < lost.length; at += BATCH) rescued += await this.rescue(lost.slice(at, at + BATCH));
    return rescued;
  }

  private async beating(queueNames: readonly string[]): Promise<Set<string>> {
    const beating = new Set<string>();
    for (const name of queueNames) {
      const workers = await this.queues.of(name).repair.beatingWorkers({ withinMs: this.silentMs });
      for (const workerId of workers) beating.add(workerId);
    }
    return beating;
  }

  private async withoutLease(rows: readonly RunningTask[]): Promise<RunningTask[]> {
    const leased = new Set<string>();
    for (const name of new Set(rows.map(({ queue }) => queue))) {
      const taskIds = rows.filter(({ queue }) => queue === name).map(({ taskId }) => taskId);
      for (const taskId of await this.queues.of(name).repair.leased(taskIds)) leased.add(taskId);
    }
    return rows.filter(({ taskId }) => !leased.has(taskId));
  }

  private async rescue(lost: readonly RunningTask[]): Promise<number> {
    const won = await this.tasks.rescueIfProcessing(
      lost.map(({ taskId, type, attempt, workerId }) => ({
        taskId,
        attempt,
        workerId,
        // Nobody else could run it: the next slot does.
        crashLimit: isFunctionType(type) ? 1 : LOSS_LIMIT,
      })),
    );
    if (won.length > 0) failpoint('after_rescue');
    const waiting = won.filter(({ status }) => status === 'pending').map(({ taskId }) => taskId);
    const { queries, queues } = this;
    await dispatchMissing({ queries, queues }, await queries.missingCandidatesOf(waiting));
    return won.length;
  }
}
