import { Queues } from '@millrace/queue';
import { SubmitNotices, TaskQueries } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { dispatchRows } from './dispatch-rows';
import type { Duty, DutyCounts } from '@millrace/scheduling';

/** Rows of one trip to the stores; their payloads may be large. */
const PAGE = 50;

/** Ids that may wait here; more come when a huge transaction commits, and `requeue-fresh` finds those. */
const MAX_WAITING = 100_000;

/**
 * Queues tasks that were submitted inside somebody's own transaction as soon as that commits, when the database says so.
 * Every replica hears every notice; enqueueing is idempotent. Its loop keeps the connection alive and is woken by notices.
 */
@Injectable()
export class DispatchCommitted implements Duty {
  readonly name = 'dispatch-committed';
  readonly intervalMs = 1_000;
  private readonly waiting = new Set<number>();
  private wake: () => void = () => undefined;

  constructor(
    private readonly notices: SubmitNotices,
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
  ) {}

  onWork(wake: () => void): void {
    this.wake = wake;
  }

  async runOnce(signal?: AbortSignal): Promise<DutyCounts> {
    await this.notices.listen((ids) => this.hear(ids));
    let dispatched = 0;
    while (this.waiting.size > 0 && !signal?.aborted) {
      dispatched += await dispatchRows(this.queues, await this.queries.pendingByIds(this.take()));
    }
    return { dispatched };
  }

  private hear(ids: readonly number[]): void {
    for (const id of ids) {
      if (this.waiting.size < MAX_WAITING) this.waiting.add(id);
    }
    this.wake();
  }

  /** What was taken and then met an error is left to the repair. */
  private take(): number[] {
    const page: number[] = [];
    for (const id of this.waiting) {
      if (page.length === PAGE) break;
      page.push(id);
      this.waiting.delete(id);
    }
    return page;
  }
}
