import { Logger } from '@nestjs/common';
import { monotonicMs, type Queues, type RenewalThread } from '@millrace/queue';
import type { TaskQueries } from '@millrace/store';
import { AttemptSuperseded } from './abort-reasons';
import type { HeldTask, HeldTasks } from './held-tasks';

/**
 * Renews the leases of everything this worker holds and says in Redis that the worker lives.
 *
 * - A hold that Redis lost is put back for a started task: PostgreSQL still names this worker. One that was let go of while
 *   Redis was asked is not lost: put back it would stand until its lease runs out.
 * - A hold that somebody else has is settled by the row: it is ours (the other one's start will be refused) or it went
 *   to another attempt, whose predecessor here is aborted.
 * - While Redis is away running tasks go on; only the trust to start new ones runs out.
 * - While the event loop is busy the renewal thread does it; what it may have found lost shows here at the next renewal.
 */
export class LeaseKeeper {
  private readonly logger = new Logger(LeaseKeeper.name);

  constructor(
    private readonly options: {
      readonly workerId: string;
      readonly leaseMs: number;
      readonly queues: Iterable<string>;
    },
    private readonly held: HeldTasks,
    private readonly queues: Queues,
    private readonly queries: TaskQueries,
    private readonly renewals: Pick<RenewalThread, 'renewed'>,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Renews each queue's holds in one call; run it every third of a lease. Rejects when a store did not answer. */
  async runOnce(): Promise<void> {
    // Queues with holds but not served any more cannot exist, yet every served one needs the sign of life.
    const startedAtMs = monotonicMs();
    for (const queue of this.options.queues) await this.renew(queue);
    this.renewals.renewed(startedAtMs);
  }

  private async renew(queue: string): Promise<void> {
    const { workerId, leaseMs } = this.options;
    const holds = this.held.ofQueue(queue);
    const calledAtMs = this.now();
    const lost = await this.queues.of(queue).renew({ workerId, leaseMs, holds: holds.map(({ claim }) => claim) });

    const reasons = new Map(lost.map(({ taskId, reason }) => [taskId, reason]));
    for (const held of holds) {
      if (!reasons.has(held.taskId)) held.trustedUntilMs = calledAtMs + leaseMs;
    }
    const started = holds.filter((held) => held.attempt !== null && reasons.has(held.taskId) && this.held.has(held));
    const back = await this.reassert(
      queue,
      started.filter(({ taskId }) => reasons.get(taskId) === 'missing'),
    );
    for (const held of started) {
      if (!back.has(held.taskId)) await this.askTheRow(held);
    }
  }

  private async reassert(queue: string, missing: readonly HeldTask[]): Promise<ReadonlySet<string>> {
    const claims = missing.flatMap(({ claim, attempt }) => (attempt === null ? [] : [{ ...claim, attempt }]));
    if (claims.length === 0) return new Set();
    const { workerId, leaseMs } = this.options;
    const back = await this.queues.of(queue).reassert({ workerId, leaseMs, claims });
    this.logger.warn('Put back holds that Redis had lost', { queue, holds: back.length });
    return new Set(back);
  }

  private async askTheRow(held: HeldTask): Promise<void> {
    const row = await this.queries.findByTaskId(held.taskId);
    const ours = row?.status === 'processing' && row.attempt === held.attempt && row.workerId === this.options.workerId;
    // An outcome recorded meanwhile has left the buffer for the row; its hold is on the way out.
    if (ours || held.run === null) return;
    this.logger.warn('Another attempt took the place of a running task', {
      taskId: held.taskId,
      attempt: held.attempt,
    });
    held.run.abort(new AttemptSuperseded());
  }
}
