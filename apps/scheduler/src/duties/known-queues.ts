import { DEFAULT_QUEUE, checkQueueName } from '@millrace/contracts';
import { StoreUnavailable, TaskQueries, WorkerRepository } from '@millrace/store';
import { TaskPolicy } from '@millrace/tasks';
import { Injectable } from '@nestjs/common';

/** How long an answer stays good: a new queue is looked after this much later. */
const FRESH_MS = 5_000;

/** Workers seen this long ago still tell which queues there are. */
const WORKER_SILENT_MS = 3_600_000;

/** The queues to look after: those that recorded tasks name, routes lead to, and workers serve. */
@Injectable()
export class KnownQueues {
  private names: readonly string[] = [DEFAULT_QUEUE];
  private askedAtMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly queries: TaskQueries,
    private readonly workers: WorkerRepository,
    private readonly policy: TaskPolicy,
  ) {}

  /** While PostgreSQL is away, what was known last. */
  async all(nowMs = performance.now()): Promise<readonly string[]> {
    if (nowMs - this.askedAtMs < FRESH_MS) return this.names;
    try {
      this.names = await this.ask();
      this.askedAtMs = nowMs;
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error;
    }
    return this.names;
  }

  private async ask(): Promise<string[]> {
    const recorded = await this.queries.queueNames();
    const workers = await this.workers.live(WORKER_SILENT_MS);
    const served = workers.flatMap(({ queues }) => queues);
    const routed = this.policy.routes.map(({ queue }) => queue);
    const names = new Set([DEFAULT_QUEUE, ...this.names, ...recorded, ...served, ...routed]);
    // A row that was inserted by hand may name what no queue can be called.
    return [...names].filter((name) => checkQueueName('queue', name).length === 0);
  }
}
