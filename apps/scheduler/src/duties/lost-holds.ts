import { failpoint } from '@millrace/contracts';
import type { ExpiredHold, Queues } from '@millrace/queue';
import type { TaskQueries, TaskRepository, TaskStanding } from '@millrace/store';
import { LOSS_LIMIT } from '@millrace/tasks';
import { dispatchMissing } from './dispatch-missing';
import { UnchangedWatch } from './unchanged-watch';

/** Most holds that one search of one queue looks at. */
const LIMIT = 500;

/** What became of lost holds. */
export interface HoldCounts {
  /** Rows taken from their lost worker. */
  readonly rescued: number;
  /** Tasks whose worker was lost before the start gate: on their queue again, nothing spent. */
  readonly requeued: number;
  /** Entries without a row, put back as they were. */
  readonly returned: number;
  /** Holds of tasks that had gone on elsewhere or ended. */
  readonly released: number;
}

/**
 * Holds in Redis that nobody renews.
 *
 * Lost means: the same holder and the same expiry seen for a lease and its grace (half a lease) on this process's own
 * clock. A healthy worker renews after a third of a lease, so what is older than that is watched from then on; a hold
 * without a lease counts from when it was first seen.
 */
export class LostHolds {
  private readonly watch: UnchangedWatch<ExpiredHold>;
  private readonly lostAfterMs: number;

  constructor(
    private readonly tasks: TaskRepository,
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
    private readonly leaseMs: number,
  ) {
    this.lostAfterMs = leaseMs * 1.5;
    this.watch = new UnchangedWatch(this.lostAfterMs * 2);
  }

  /** Looks on at `nowMs` of the monotonic clock; does something about it only when it may. */
  async recover(queueNames: readonly string[], mayAct: boolean, nowMs: number): Promise<HoldCounts> {
    const lost: ExpiredHold[] = [];
    for (const name of queueNames) lost.push(...(await this.unrenewed(name)));
    const unchanged = this.watch.observe(
      lost.map((item) => ({
        key: `${item.queue}/${item.taskId}`,
        state: `${item.token}/${item.expiresAtMs ?? 'none'}`,
        item,
      })),
      this.lostAfterMs,
      nowMs,
    );
    let counts: HoldCounts = { rescued: 0, requeued: 0, returned: 0, released: 0 };
    if (!mayAct) return counts;
    for (let at = 0; at < unchanged.length; at += LIMIT) {
      counts = sum(counts, await this.settle(unchanged.slice(at, at + LIMIT)));
    }
    return counts;
  }

  private unrenewed(queueName: string): Promise<ExpiredHold[]> {
    const unrenewedForMs = this.leaseMs * 0.4;
    return this.queues.of(queueName).repair.expired({ graceMs: unrenewedForMs - this.leaseMs, limit: LIMIT });
  }

  /** The record first: whoever crashes after that leaves a pending row, which the repair finds. */
  private async settle(holds: readonly ExpiredHold[]): Promise<HoldCounts> {
    failpoint('before_rescue');
    const won = await this.tasks.rescueIfProcessing(
      holds.map(({ taskId, workerId, attempt }) => ({
        taskId,
        workerId,
        attempt: (attempt ?? 0) + 1,
        crashLimit: LOSS_LIMIT,
      })),
    );
    if (won.length > 0) failpoint('after_rescue');
    const rescued = new Set(won.map(({ taskId }) => taskId));
    const rows = await this.queries.standingsOf(holds.map(({ taskId }) => taskId));
    const byTaskId = new Map(rows.map((row) => [row.taskId, row]));

    const known = holds.filter(({ taskId }) => byTaskId.has(taskId));
    const done = known.filter((hold) => !isHeldRightly(hold, byTaskId.get(hold.taskId)));
    const orphans = holds.filter(({ taskId }) => !byTaskId.has(taskId));
    const pending = done.filter(({ taskId }) => byTaskId.get(taskId)?.status === 'pending');

    await this.release(done);
    const { queries, queues } = this;
    const candidates = await queries.missingCandidatesOf(pending.map(({ taskId }) => taskId));
    await dispatchMissing({ queries, queues }, candidates);
    const returned = await this.giveBack(orphans);
    const requeued = pending.filter(({ taskId }) => !rescued.has(taskId)).length;
    return { rescued: rescued.size, requeued, returned, released: done.length - requeued - rescued.size };
  }

  private async release(holds: readonly ExpiredHold[]): Promise<void> {
    for (const [name, group] of byQueue(holds)) await this.queues.of(name).ack(group);
  }

  private async giveBack(holds: readonly ExpiredHold[]): Promise<number> {
    let returned = 0;
    for (const [name, group] of byQueue(holds)) returned += await this.queues.of(name).putBack(group, { delayMs: 0 });
    return returned;
  }
}

/** Whether the row says that this very holder runs it: it came back between the rescue and the look. */
function isHeldRightly(hold: ExpiredHold, row: TaskStanding | undefined): boolean {
  return row?.status === 'processing' && row.workerId === hold.workerId && row.attempt === (hold.attempt ?? 0) + 1;
}

function byQueue(holds: readonly ExpiredHold[]): Map<string, ExpiredHold[]> {
  const groups = new Map<string, ExpiredHold[]>();
  for (const hold of holds) groups.set(hold.queue, [...(groups.get(hold.queue) ?? []), hold]);
  return groups;
}

function sum(a: HoldCounts, b: HoldCounts): HoldCounts {
  return {
    rescued: a.rescued + b.rescued,
    requeued: a.requeued + b.requeued,
    returned: a.returned + b.returned,
    released: a.released + b.released,
  };
}
