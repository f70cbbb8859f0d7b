import { Injectable } from '@nestjs/common';
import { readPayload, TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { Queues } from '@millrace/queue';
import { TaskQueries, WorkerRepository, type WorkerRow } from '@millrace/store';
import { reportOf, type InspectionReport, type QueueLine } from './inspection-report';

const HOUR_MS = 3_600_000;

/** A worker that said nothing for this long is not counted as alive. */
const SILENT_MS = 30_000;

/** Most lines of each part of the report. */
const LINES = 50;

class QueueInspectionPayload {}

/** Looks at queues, failures and workers, and says what a person should know. */
@Injectable()
@TaskHandler('queue_inspection', { timeout: '1m', description: 'Reports the health of queues, failures and workers.' })
export class QueueInspectionHandler implements Handler {
  constructor(
    private readonly queries: TaskQueries,
    private readonly workers: WorkerRepository,
    private readonly queues: Queues,
  ) {}

  async handle(payload: unknown, { signal }: TaskContext): Promise<InspectionReport> {
    readPayload(QueueInspectionPayload, payload ?? {});
    const [tasks, live, failures, pending, names] = await Promise.all([
      this.queries.countByStatus(),
      this.workers.live(SILENT_MS),
      this.queries.recentFailures(HOUR_MS, LINES),
      this.queries.pendingTypes(LINES),
      this.queries.queueNames(),
    ]);
    signal.throwIfAborted();

    const served = new Set(live.flatMap(({ types }) => types.map(({ type }) => type)));
    const queueNames = [...new Set([...live.flatMap(({ queues }) => queues), ...names])].sort().slice(0, LINES);
    return reportOf(
      {
        tasks,
        queues: await Promise.all(queueNames.map((name) => this.lineOf(name, live))),
        failures: failures.map(({ type, errorCode, count }) => ({ type, error_code: errorCode, count })),
        // A scheduler that holds runs of functions stands among them, and serves no queue.
        workers: live
          .filter(({ queues }) => queues.length > 0)
          .slice(0, LINES)
          .map(({ workerId, host, queues, concurrency }) => ({
            worker_id: workerId,
            host,
            queues,
            concurrency,
          })),
        unroutable: pending
          .filter(({ type }) => !served.has(type))
          .map(({ type, count }) => ({ type, pending: count })),
      },
      new Date(),
    );
  }

  private async lineOf(name: string, live: readonly WorkerRow[]): Promise<QueueLine> {
    const queue = this.queues.of(name);
    const [{ ready, delayed, processing, bad }, oldest] = await Promise.all([queue.depth(), queue.oldestReady()]);
    return {
      queue: name,
      ready,
      delayed,
      processing,
      bad,
      oldest_ready_age: oldest === null ? null : Math.max(0, Date.now() - Date.parse(oldest)),
      workers: live.filter(({ queues }) => queues.includes(name)).length,
    };
  }
}
