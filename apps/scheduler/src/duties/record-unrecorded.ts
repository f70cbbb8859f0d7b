import { Queues, type UnrecordedEntry } from '@millrace/queue';
import { TaskRepository } from '@millrace/store';
import { TaskPolicy } from '@millrace/tasks';
import { Injectable } from '@nestjs/common';
import type { Duty, DutyCounts } from '@millrace/scheduling';
import { KnownQueues } from './known-queues';

const LIMIT = 500;

/** Batches of one queue in one run. */
const MAX_BATCHES = 20;

/** Records tasks that `QueueClient` submitted straight into Redis, so that they stand in every list within seconds. */
@Injectable()
export class RecordUnrecorded implements Duty {
  readonly name = 'record-unrecorded';
  readonly intervalMs = 1_000;

  constructor(
    private readonly tasks: TaskRepository,
    private readonly queues: Queues,
    private readonly known: KnownQueues,
    private readonly policy: TaskPolicy,
  ) {}

  async runOnce(signal?: AbortSignal): Promise<DutyCounts> {
    let recorded = 0;
    for (const name of await this.known.all()) {
      for (let batch = 0; batch < MAX_BATCHES && !signal?.aborted; batch += 1) {
        const entries = await this.queues.of(name).unrecorded(LIMIT);
        recorded += await this.record(name, entries);
        if (entries.length < LIMIT) break;
      }
    }
    return { recorded };
  }

  private async record(queue: string, entries: readonly UnrecordedEntry[]): Promise<number> {
    const { maxRetry, retryDelayMs } = this.policy;
    const results = await this.tasks.recordRaw(
      entries.map(({ entry, dueAtMs }) => ({
        entry,
        queue,
        dueAt: dueAtMs === null ? null : new Date(dueAtMs),
        defaults: { maxRetry, retryDelayMs },
      })),
    );
    // Also those that were there before, and those that no row can hold: asking again would change nothing.
    await this.queues.of(queue).confirmRecorded(entries.map(({ taskId }) => taskId));
    return [...results.values()].filter((result) => result === 'inserted').length;
  }
}
