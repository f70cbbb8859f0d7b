import {
  checkDuration,
  checkInstant,
  checkPayload,
  checkPayloadSize,
  checkFreeType,
  checkTaskOptions,
  DEFAULT_QUEUE,
  InvalidTask,
  parseDuration,
  routeOf,
  type Duration,
  type FieldError,
  type Json,
  type QueueTask,
  type TaskOptions,
} from '@millrace/contracts';
import { chunksByBytes } from './chunks';
import type { RedisConnections } from './connections';
import { queueKeys } from './keys';
import type { QueueDepth } from './queue-entries';
import type { QueueOptions } from './queue-options';
import { encodeQueueTask } from './queue-task-codec';
import type { Queues } from './queues';
import { scripts } from './scripts';
import { newTaskId } from './task-id';

/** One submit of `submitMany`. */
export interface Submission {
  /** The type of the task. */
  readonly name: string;
  readonly payload: Json;
  readonly options?: TaskOptions;
}

/** When submits are due: `delayMs` from now by Redis' clock, or else at an instant; both 0 is at once. */
interface Due {
  readonly delayMs: number;
  readonly dueAtMs: number;
}

/**
 * Submits tasks through Redis alone, without PostgreSQL: fast, and recorded within seconds, but until then a loss of
 * Redis' data loses them. Whoever needs the promise submits over REST or through `TaskSubmitter`.
 *
 * Every submit throws `InvalidTask`, naming each bad field, before anything is sent, and `QueueUnavailable` when it is
 * unknown whether Redis took it.
 */
export class QueueClient {
  constructor(
    private readonly connections: RedisConnections,
    private readonly queues: Queues,
    private readonly options: QueueOptions,
  ) {}

  /** Submits a task to run as soon as a worker is free. Returns its task_id. */
  async submit(name: string, payload: Json, options: TaskOptions = {}): Promise<{ id: string }> {
    return this.submitOne({ delayMs: 0, dueAtMs: 0 }, { name, payload, options });
  }

  /** Submits a task to run after a delay such as `5s`. */
  async submitIn(delay: Duration, name: string, payload: Json, options: TaskOptions = {}): Promise<{ id: string }> {
    refuse(checkDuration('delay', delay));
    return this.submitOne({ delayMs: parseDuration(delay), dueAtMs: 0 }, { name, payload, options });
  }

  /** Submits a task to run at an instant; one in the past is due at once. */
  async submitAt(at: Date, name: string, payload: Json, options: TaskOptions = {}): Promise<{ id: string }> {
    refuse(checkInstant('run_at', at));
    return this.submitOne({ delayMs: 0, dueAtMs: at.getTime() }, { name, payload, options });
  }

  /**
   * Submits many tasks, in order. All are checked before the first is sent; they are sent in pieces of up to 500, so
   * that a failure in between may leave the first pieces submitted. Returns the task_ids in the same order.
   */
  async submitMany(submissions: readonly Submission[]): Promise<{ id: string }[]> {
    refuse(
      submissions.flatMap((submission, index) =>
        faultsOf(submission, this.options.maxPayloadBytes, `tasks[${index}].`),
      ),
    );
    const tasks = submissions.map((submission) => this.entryOf(submission));
    const byQueue = new Map<string, QueueTask[]>();
    for (const task of tasks) {
      const queue = task.queue ?? DEFAULT_QUEUE;
      const queued = byQueue.get(queue);
      if (queued) queued.push(task);
      else byQueue.set(queue, [task]);
    }
    for (const [queue, queued] of byQueue) await this.push(queue, queued, { delayMs: 0, dueAtMs: 0 });
    return tasks.map(({ id }) => ({ id }));
  }

  /** Counts of a queue, by default of `default`. */
  async stats(queue: string = DEFAULT_QUEUE): Promise<QueueDepth> {
    return this.queues.of(queue).depth();
  }

  private async submitOne(due: Due, submission: Submission): Promise<{ id: string }> {
    refuse(faultsOf(submission, this.options.maxPayloadBytes));
    const task = this.entryOf(submission);
    await this.push(task.queue ?? DEFAULT_QUEUE, [task], due);
    return { id: task.id };
  }

  private entryOf({ name, payload, options = {} }: Submission): QueueTask {
    const { taskId, queue, priority, maxRetry, retryDelay, backoff, timeout, expiresAt, userId, trace } = options;
    return {
      id: taskId ?? newTaskId(),
      name,
      payload,
      queue: queue ?? routeOf(this.options.routes, name),
      created_at: new Date().toISOString(),
      ...(priority !== undefined && { priority }),
      ...(maxRetry !== undefined && { max_retry: maxRetry }),
      ...(retryDelay !== undefined && { retry_delay: parseDuration(retryDelay) }),
      ...(backoff && {
        backoff: {
          type: backoff.type,
          ...(backoff.max !== undefined && { max: parseDuration(backoff.max) }),
          ...(backoff.jitter !== undefined && { jitter: backoff.jitter }),
        },
      }),
      ...(timeout !== undefined && { timeout: parseDuration(timeout) }),
      ...(expiresAt && { expires_at: expiresAt.toISOString() }),
      ...(userId !== undefined && { user_id: userId }),
      ...(trace && { trace }),
    };
  }

  private async push(queue: string, tasks: readonly QueueTask[], due: Due): Promise<void> {
    const { unrecorded, delayed, idx, ready } = queueKeys(this.options.prefix, queue);
    const entries = tasks.map((task) => ({ task, json: encodeQueueTask(task) }));
    for (const chunk of chunksByBytes(entries))
      await this.connections.run((redis) =>
        scripts.submit.run(
          redis,
          [unrecorded, delayed, idx, ...ready],
          [due.delayMs, due.dueAtMs, ...chunk.flatMap(({ task, json }) => [task.id, task.priority ?? 0, json])],
        ),
      );
  }
}

function faultsOf({ name, payload, options = {} }: Submission, maxBytes: number, at = ''): FieldError[] {
  const payloadFaults = checkPayload(payload);
  const faults = [
    ...checkFreeType(name),
    ...checkTaskOptions(name, options),
    ...payloadFaults,
    ...(payloadFaults.length > 0 ? [] : checkPayloadSize(JSON.stringify(payload), maxBytes)),
  ];
  return faults.map(({ field, message }) => ({ field: `${at}${field === 'type' ? 'name' : field}`, message }));
}

function refuse(faults: readonly FieldError[]): void {
  if (faults.length > 0) throw new InvalidTask(faults);
}
