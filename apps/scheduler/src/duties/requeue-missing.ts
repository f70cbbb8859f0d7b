import { setTimeout as sleep } from 'node:timers/promises';
import { Queues } from '@millrace/queue';
import { TaskQueries, type TaskRow } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { dispatchRows } from './dispatch-rows';
import type { Duty, DutyCounts } from './duty';
import { KnownQueues } from './known-queues';

/** From the end of one sweep over all pending rows to the start of the next. */
const SWEEP_EVERY_MS = 15_000;

/** A row younger than this may still be on its way to its queue. */
const OLDER_THAN_MS = 5_000;

const PAGE = 1_000;

/** At most 20,000 rows a second, so that a repair does not crowd out the work. */
const PAGE_MS = 50;

/** One run ends after so many pages and the next goes on, so that a loop over millions of rows still turns. */
const MAX_PAGES = 200;

/** Due for longer than this although nothing is ready: the queue does not have it, whatever its index counts. */
const OVERDUE_MS = 30_000;

/**
 * Queues pending rows that are missing from Redis, whatever became of them there.
 *
 * - Sweeps over all pending rows; enqueueing is idempotent, so what is there stays as it is.
 * - The index that makes it idempotent is no proof: where it counts more than lists and sets hold, or where nothing is
 *   ready while rows are long overdue, rows are enqueued anyway and the start gate drops duplicates.
 */
@Injectable()
export class RequeueMissing implements Duty {
  readonly name = 'requeue-missing';
  readonly intervalMs = 1_000;
  private afterId = 0;
  private olderThanMs = OLDER_THAN_MS;
  private nextSweepAtMs = 0;
  private state: 'resting' | 'sweeping' = 'resting';
  private distrusted = new Set<string>();
  private drained = new Set<string>();

  constructor(
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
    private readonly known: KnownQueues,
  ) {}

  /** Redis lost something: the next run sweeps over every row, however young. */
  startOver(): void {
    this.afterId = 0;
    this.olderThanMs = 0;
    this.nextSweepAtMs = 0;
    this.state = 'resting';
  }

  async runOnce(signal?: AbortSignal, nowMs = performance.now()): Promise<DutyCounts> {
    if (this.state === 'resting') {
      if (nowMs < this.nextSweepAtMs) return { requeued: 0 };
      await this.look();
      this.state = 'sweeping';
    }
    let requeued = 0;
    for (let page = 0; page < MAX_PAGES && !signal?.aborted; page += 1) {
      const startedMs = performance.now();
      const rows = await this.queries.missingCandidates({
        afterId: this.afterId,
        olderThanMs: this.olderThanMs,
        limit: PAGE,
      });
      requeued += await this.requeue(rows);
      this.afterId = rows.at(-1)?.id ?? this.afterId;
      if (rows.length < PAGE) {
        this.rest();
        break;
      }
      await sleep(Math.max(PAGE_MS - (performance.now() - startedMs), 0), undefined, { signal }).catch(() => undefined);
    }
    return { requeued };
  }

  private rest(): void {
    this.afterId = 0;
    this.olderThanMs = OLDER_THAN_MS;
    this.nextSweepAtMs = performance.now() + SWEEP_EVERY_MS;
    this.state = 'resting';
  }

  /** Compares what each index counts with what is there. */
  private async look(): Promise<void> {
    this.distrusted = new Set();
    this.drained = new Set();
    for (const name of await this.known.all()) {
      const { indexed, ready, delayed } = await this.queues.of(name).depth();
      if (indexed > ready + delayed) this.distrusted.add(name);
      else if (ready === 0) this.drained.add(name);
    }
  }

  private async requeue(rows: readonly TaskRow[]): Promise<number> {
    const nowMs = Date.now();
    const again = rows.filter((row) => this.distrusted.has(row.queue) || this.isOverdue(row, nowMs));
    const others = rows.filter((row) => !again.includes(row));
    return (await dispatchRows(this.queues, others)) + (await dispatchRows(this.queues, again, 'again'));
  }

  private isOverdue(row: TaskRow, nowMs: number): boolean {
    const dueSinceMs = Math.max(row.runAt.getTime(), row.updatedAt.getTime());
    return this.drained.has(row.queue) && nowMs - dueSinceMs > OVERDUE_MS;
  }
}
