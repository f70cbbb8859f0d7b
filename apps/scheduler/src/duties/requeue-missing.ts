import { setTimeout as sleep } from 'node:timers/promises';
import { Queues, type IndexTrust } from '@millrace/queue';
import { TaskQueries, type MissingCandidate } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { dispatchMissing } from './dispatch-missing';
import type { Duty, DutyCounts } from '@millrace/scheduling';
import { KnownQueues } from './known-queues';

/** From the end of one sweep over all pending rows to the start of the next. */
const SWEEP_EVERY_MS = 15_000;

/** A row younger than this may still be on its way to its queue; `requeue-fresh` looks after those. */
const OLDER_THAN_MS = 10_000;

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
 * - Sweeps over all pending rows and asks Redis for each by its id; what is there, or put back for a while, stays as it is.
 * - The index that answers is no proof: where it surely counts more than there is it is built anew, and where nothing is
 *   ready while rows are long overdue they are enqueued anyway. The start gate drops duplicates.
 */
@Injectable()
export class RequeueMissing implements Duty {
  readonly name = 'requeue-missing';
  readonly intervalMs = 1_000;
  private afterId = 0;
  private olderThanMs = OLDER_THAN_MS;
  private nextSweepAtMs = 0;
  private state: 'resting' | 'sweeping' | 'starting_over' = 'resting';
  private drained = new Set<string>();

  constructor(
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
    private readonly known: KnownQueues,
  ) {}

  /** Redis lost something: the next run sweeps over every row, however young; a sweep under way gives way to it. */
  startOver(): void {
    this.state = 'starting_over';
  }

  async runOnce(signal?: AbortSignal, nowMs = performance.now()): Promise<DutyCounts> {
    if (this.state === 'resting' && nowMs < this.nextSweepAtMs) return { requeued: 0 };
    if (this.state !== 'sweeping') await this.begin();
    let requeued = 0;
    for (let page = 0; page < MAX_PAGES && this.state === 'sweeping' && !signal?.aborted; page += 1) {
      const startedMs = performance.now();
      requeued += await this.sweepPage();
      await sleep(Math.max(PAGE_MS - (performance.now() - startedMs), 0), undefined, { signal }).catch(() => undefined);
    }
    return { requeued };
  }

  private async sweepPage(): Promise<number> {
    const { queries, queues, afterId, olderThanMs } = this;
    const candidates = await queries.missingCandidates({ afterId, olderThanMs, limit: PAGE });
    const requeued = await dispatchMissing({ queries, queues }, candidates, (candidate) => this.trustOf(candidate));
    this.afterId = candidates.at(-1)?.id ?? afterId;
    if (candidates.length < PAGE && !this.mustStartOver()) this.rest();
    return requeued;
  }

  private async begin(): Promise<void> {
    this.afterId = 0;
    this.olderThanMs = this.mustStartOver() ? 0 : OLDER_THAN_MS;
    this.state = 'sweeping';
    try {
      await this.look();
    } catch (error) {
      // Begins anew next time.
      if (this.olderThanMs === 0) this.startOver();
      else if (!this.mustStartOver()) this.state = 'resting';
      throw error;
    }
  }

  private mustStartOver(): boolean {
    return this.state === 'starting_over';
  }

  private rest(): void {
    this.nextSweepAtMs = performance.now() + SWEEP_EVERY_MS;
    this.state = 'resting';
  }

  /** Compares what each index counts with what is there. */
  private async look(): Promise<void> {
    this.drained = new Set();
    for (const name of await this.known.all()) {
      const queue = this.queues.of(name);
      const { ready } = await queue.depth();
      if ((await queue.repair.lostEntries()) > 0) await queue.repair.dropIndex();
      else if (ready === 0) this.drained.add(name);
    }
  }

  private trustOf({ queue, overdueMs }: MissingCandidate): IndexTrust {
    return this.drained.has(queue) && overdueMs > OVERDUE_MS ? 'doubted' : 'trusted';
  }
}
