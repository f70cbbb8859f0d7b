import { Queues } from '@millrace/queue';
import { TaskQueries, TaskRepository } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { SchedulerConfig } from '../scheduler.config';
import type { Duty, DutyCounts } from '@millrace/scheduling';
import { KnownQueues } from './known-queues';
import { LostHolds } from './lost-holds';
import { VanishedRows } from './vanished-rows';
import { Witnesses } from './witnesses';

/**
 * Gives the tasks of lost workers to others.
 *
 * - Nothing is done before both stores have answered for one full lease: an outage makes every worker look lost.
 * - Two searches: holds in Redis whose lease nobody renews, and rows in `processing` whose worker neither store hears
 *   from, which also covers a Redis that lost its content.
 */
@Injectable()
export class RecoverLost implements Duty {
  readonly name = 'recover-lost';
  readonly intervalMs: number;
  private readonly holds: LostHolds;
  private readonly rows: VanishedRows;

  constructor(
    tasks: TaskRepository,
    queries: TaskQueries,
    queues: Queues,
    private readonly known: KnownQueues,
    private readonly witnesses: Witnesses,
    private readonly config: SchedulerConfig,
  ) {
    this.intervalMs = Math.min(2_000, config.queueLeaseMs / 6);
    this.holds = new LostHolds(tasks, queries, queues, config.queueLeaseMs);
    this.rows = new VanishedRows(tasks, queries, queues, config.queueLeaseMs);
  }

  async runOnce(_signal?: AbortSignal, nowMs = performance.now()): Promise<DutyCounts> {
    const names = await this.known.all();
    // Looking on is harmless; only acting needs both witnesses.
    const mayAct = this.witnesses.haveAnsweredFor(this.config.queueLeaseMs, nowMs);
    const held = await this.holds.recover(names, mayAct, nowMs);
    const vanished = await this.rows.recover(names, mayAct, nowMs);
    return { ...held, rescued: held.rescued + vanished };
  }
}
