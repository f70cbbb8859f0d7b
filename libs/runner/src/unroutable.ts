import { Logger } from '@nestjs/common';
import { isFinal } from '@millrace/contracts';
import type { Dispatch } from '@millrace/queue';
import type { TaskQueries, TaskRepository, TaskRow } from '@millrace/store';
import { dispatchOf, type TaskPolicy } from '@millrace/tasks';
import type { HeldTask } from './held-tasks';
import { recordRawClaims, UNRECORDABLE } from './record-raw-claims';
import type { Settler } from './settler';
import type { Tally } from './tally';
import { LONGEST_DELAY_MS, UnroutableDelays } from './unroutable-delays';

/** Most rows asked for at once. */
const BATCH = 500;

/** How often one type is warned of, and how many types are remembered for it. */
const WARN_EVERY_MS = 60_000;
const MOST_TYPES = 1_000;

/** What became of a raw entry: it goes on as its row's own, its task is over, or it can have no row. */
type Recorded = Dispatch['entry'] | 'over' | 'unrecordable';

export interface UnroutableParts {
  readonly tasks: TaskRepository;
  readonly queries: TaskQueries;
  readonly policy: TaskPolicy;
  readonly settler: Settler;
  readonly tally: Tally;
}

/**
 * What happens to entries whose type no handler of this worker serves: they go to the delayed set for a while, spend
 * nothing and stay `pending`, so that a worker that serves the type gets them, now or after the next deployment.
 */
export class Unroutable {
  private readonly logger = new Logger(Unroutable.name);
  private readonly delays = new UnroutableDelays();
  private readonly warnedAtMs = new Map<string, number>();

  constructor(private readonly parts: UnroutableParts) {}

  /** Puts every entry back, or drops it when its task is over. Never rejects. */
  async setAside(held: readonly HeldTask[]): Promise<void> {
    const delaysMs = new Map(held.map((task) => [task, this.delays.next(task.taskId)]));
    const recorded = await this.recordRaw(held.filter(({ claim }) => claim.raw !== null));
    const over = await this.overSince(held.filter((task) => delaysMs.get(task) === LONGEST_DELAY_MS));
    for (const [task, delayMs] of delaysMs) {
      const { queue, type } = task.claim;
      const as = recorded.get(task.taskId);
      this.parts.tally.unroutable(queue);
      if (as === 'unrecordable') {
        this.parts.settler.setAside(task, UNRECORDABLE);
        continue;
      }
      if (as === 'over' || over.has(task.taskId)) {
        this.parts.settler.ack(task);
        continue;
      }
      this.parts.settler.putBack(task, delayMs, as);
      this.warn(queue, type, task.taskId);
    }
  }

  /** Once a minute for each type: a backlog of them would fill the log with one fact. */
  private warn(queue: string, type: string, taskId: string): void {
    const nowMs = performance.now();
    const lastMs = this.warnedAtMs.get(type);
    if (lastMs !== undefined && nowMs - lastMs < WARN_EVERY_MS) return;
    if (this.warnedAtMs.size >= MOST_TYPES) this.warnedAtMs.clear();
    this.warnedAtMs.set(type, nowMs);
    this.logger.warn('No handler here serves the type of a task', { queue, type, taskId });
  }

  /**
   * A raw submit gets its row now: until somebody serves its type, the lists should show it. The row's own entry then takes
   * the place of the raw one.
   */
  private async recordRaw(raw: readonly HeldTask[]): Promise<ReadonlyMap<string, Recorded>> {
    try {
      const results = await recordRawClaims(this.parts.tasks, this.parts.policy, raw);
      if (results.size === 0) return new Map();
      const rows = await this.parts.queries.findByTaskIds([...results.keys()]);
      const byTaskId = new Map(rows.map((row) => [row.taskId, row]));
      const becameOf = ({ taskId, claim }: HeldTask): Recorded => {
        if (results.get(taskId) === 'invalid') return 'unrecordable';
        return entryOf(byTaskId.get(taskId), claim.queue) ?? 'over';
      };
      return new Map(raw.map((task) => [task.taskId, becameOf(task)]));
    } catch (error) {
      this.logger.warn('Tasks of an unserved type were not recorded yet', { tasks: raw.length, error });
      return new Map();
    }
  }

  /** Tasks that have gone round a few times and are no longer pending: a cancelled one would go round for ever. */
  private async overSince(held: readonly HeldTask[]): Promise<ReadonlySet<string>> {
    const asked = held.filter(({ claim }) => claim.raw === null).slice(0, BATCH);
    if (asked.length === 0) return new Set();
    try {
      const rows = await this.parts.queries.findByTaskIds(asked.map(({ taskId }) => taskId));
      const waiting = new Set(rows.filter(({ status }) => !isFinal(status)).map(({ taskId }) => taskId));
      return new Set(asked.map(({ taskId }) => taskId).filter((taskId) => !waiting.has(taskId)));
    } catch (error) {
      this.logger.warn('Tasks of an unserved type could not be looked up', { tasks: asked.length, error });
      return new Set();
    }
  }
}

/** The entry of a task that waits in this queue; none where it is over, runs, or waits elsewhere. */
function entryOf(row: TaskRow | undefined, queue: string): Dispatch['entry'] | undefined {
  return row?.status === 'pending' && row.queue === queue ? dispatchOf(row).entry : undefined;
}
