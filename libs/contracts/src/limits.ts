/** Shape of a `task_id`; a caller may name it, otherwise it is a UUIDv7. */
export const TASK_ID_PATTERN = /^[A-Za-z0-9._:-]{1,128}$/;

/** Shape of a task type, such as `send_email` or `report.daily`. */
export const TYPE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Shape of a queue name; no colon, because Redis keys are `millrace:<queue>:tasks`. */
export const QUEUE_PATTERN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Queue names that would collide with the keys of the default queue (`millrace:tasks` is its list). */
export const RESERVED_QUEUES = [
  'tasks',
  'delayed_tasks',
  'idx',
  'processing',
  'leases',
  'workers',
  'epoch',
  'bad',
  'unrecorded',
  'claim',
  'cancel',
  'rate',
] as const;

export const DEFAULT_QUEUE = 'default';

/** Priorities run from 0 (default) to 9 (taken first). */
export const MAX_PRIORITY = 9;

/** Limits of payloads and results; a payload over `bytes` is refused, a result over `resultBytes` is cut and marked. */
export const PAYLOAD_LIMITS = { bytes: 256 * 1024, depth: 32, resultBytes: 1024 * 1024 } as const;

/** Most retries a task may ask for. */
export const MAX_RETRY_LIMIT = 1000;

/** Longest delay, timeout or backoff, in milliseconds: 10 years. */
export const MAX_DURATION_MS = 10 * 365 * 24 * 3_600_000;

/** A bulk submit takes at most this many tasks and bytes. */
export const BULK_LIMITS = { tasks: 10_000, bytes: 16 * 1024 * 1024 } as const;

/** An error message longer than this many characters is cut before it is recorded. */
export const ERROR_MESSAGE_LIMIT = 8_192;
