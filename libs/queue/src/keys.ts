import { DEFAULT_QUEUE, MAX_PRIORITY } from '@millrace/contracts';

/** Every Redis key of one queue, by the names of the protocol. */
export interface QueueKeys {
  /** LIST of ready JSON entries, pushed left and taken right; one for each priority, 9 first, `millrace:tasks` last. */
  readonly ready: readonly string[];
  /** The priority-0 list, on which idle workers block. */
  readonly tasks: string;
  /** ZSET of JSON entries by due epoch ms. */
  readonly delayed: string;
  /** HASH task_id -> attempt that waits, with `@<due epoch ms>` when it waits in the delayed set. */
  readonly idx: string;
  /**
   * HASH task_id -> `token worker attempt json` of who holds it; attempt -1 is an entry without one. The json of an entry that
   * Millrace wrote may end before the payload, for its row has the rest; that of any other is the whole.
   */
  readonly processing: string;
  /** ZSET task_id by lease expiry, epoch ms. */
  readonly leases: string;
  /** ZSET worker id by its last beat, epoch ms. */
  readonly workers: string;
  /** STRING that is gone when Redis lost its data. */
  readonly epoch: string;
  /** LIST of unreadable entries, newest left. */
  readonly bad: string;
  /** HASH task_id -> `dueAtMs json` of submits that have no row yet. */
  readonly unrecorded: string;
  /** LIST where a blocking worker's entry lands before it is leased. */
  readonly landing: (workerId: string) => string;
}

/** The keys of a queue; `prefix` is `QUEUE_REDIS_PREFIX`. */
export function queueKeys(prefix: string, queue: string): QueueKeys {
  const base = queue === DEFAULT_QUEUE ? prefix : `${prefix}:${queue}`;
  const tasks = `${base}:tasks`;
  const ready = Array.from({ length: MAX_PRIORITY + 1 }, (_, index) =>
    index === MAX_PRIORITY ? tasks : `${tasks}:${MAX_PRIORITY - index}`,
  );
  return {
    ready,
    tasks,
    delayed: `${base}:delayed_tasks`,
    idx: `${base}:idx`,
    processing: `${base}:processing`,
    leases: `${base}:leases`,
    workers: `${base}:workers`,
    epoch: `${base}:epoch`,
    bad: `${base}:bad`,
    unrecorded: `${base}:unrecorded`,
    landing: (workerId) => `${base}:claim:${workerId}`,
  };
}

/** PUB/SUB channel of task ids whose cancellation was asked for. */
export function cancelChannel(prefix: string): string {
  return `${prefix}:cancel`;
}

/** What the keys of the rate limiter begin with. */
export function rateLimitPrefix(prefix: string): string {
  return `${prefix}:rate`;
}
