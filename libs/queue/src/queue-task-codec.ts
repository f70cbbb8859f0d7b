import {
  checkDuration,
  checkPayload,
  checkTaskOptions,
  parseDuration,
  TASK_ID_PATTERN,
  type Duration,
  type FieldError,
  type Json,
  type QueueTask,
  type TaskOptions,
} from '@millrace/contracts';
import { MalformedEntry } from './queue-errors';

/**
 * An entry as JSON. `id`, `attempt` and a priority other than 0 lead, in this order: the Lua scripts read them from
 * there instead of parsing the whole entry.
 */
export function encodeQueueTask(task: QueueTask): string {
  const { id, attempt, priority, ...rest } = task;
  return JSON.stringify({ id, attempt, ...(priority ? { priority } : {}), ...rest });
}

/**
 * Reads an entry, whoever wrote it: camelCase spellings are accepted, durations may be texts such as `5s`, null and
 * absent are the same, unknown fields are ignored. A missing payload is `{}`.
 *
 * The payload rules are checked where no `attempt` tells that Millrace did so before it wrote the entry.
 * Throws `MalformedEntry`, which names the field.
 */
export function decodeQueueTask(json: string): QueueTask {
  const fields = fieldsOf(json);
  const id = fields('id');
  const name = fields('name');
  if (typeof id !== 'string' || !TASK_ID_PATTERN.test(id)) throw new MalformedEntry('must be a task id', 'id');
  if (typeof name !== 'string') throw new MalformedEntry('must be the type of a task', 'name');

  const attempt = readCount('attempt', fields('attempt'));
  const payload = (fields('payload') ?? {}) as Json;
  if (attempt === undefined) refuse(checkPayload(payload));

  const options = {
    queue: fields('queue'),
    priority: fields('priority'),
    maxRetry: fields('max_retry'),
    timeout: fields('timeout'),
    retryDelay: fields('retry_delay'),
    backoff: readBackoff(fields('backoff')),
    userId: fields('user_id'),
    trace: readTrace(fields('trace')),
  } as TaskOptions;
  refuse(checkTaskOptions(name, options));

  return defined({
    id,
    name,
    payload,
    attempt,
    queue: options.queue,
    priority: options.priority,
    max_retry: options.maxRetry,
    retry_count: readCount('retry_count', fields('retry_count')),
    retry_delay: toMs(options.retryDelay),
    backoff: options.backoff && defined({ ...options.backoff, max: toMs(options.backoff.max) }),
    timeout: toMs(options.timeout),
    created_at: readInstant('created_at', fields('created_at')),
    expires_at: readInstant('expires_at', fields('expires_at')),
    user_id: options.userId,
    trace: options.trace,
  });
}

/** Looks fields up by their snake_case name or else the camelCase spelling; null reads as absent. */
function fieldsOf(json: string): (name: string) => unknown {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new MalformedEntry('must be JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedEntry('must be a JSON object');
  const object = value as Record<string, unknown>;
  const own = (name: string) => (Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined);
  return (name) => own(name) ?? own(name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()));
}

function readCount(field: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2_147_483_647) return value;
  throw new MalformedEntry('must be a whole number from 0 to 2147483647', field);
}

/** ISO 8601 text of an instant; epoch milliseconds are accepted too. */
function readInstant(field: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const instant = typeof value === 'string' || typeof value === 'number' ? new Date(value) : undefined;
  const ms = instant?.getTime() ?? Number.NaN;
  if (instant && ms >= 0 && ms < 253_402_300_800_000) return instant.toISOString();
  throw new MalformedEntry('must be an ISO 8601 instant', field);
}

function readBackoff(value: unknown): TaskOptions['backoff'] {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedEntry('must be an object', 'backoff');
  const { type, max, jitter } = value as Record<string, unknown>;
  refuse(checkDuration('backoff.max', max ?? undefined));
  return defined({ type, max: max ?? undefined, jitter: jitter ?? undefined }) as TaskOptions['backoff'];
}

/** A trace is for observation only: one that cannot be read is left out. */
function readTrace(value: unknown): QueueTask['trace'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const { traceparent, tracestate } = value as Record<string, unknown>;
  if (typeof traceparent !== 'string') return undefined;
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}

function toMs(duration: Duration | undefined): number | undefined {
  return duration === undefined ? undefined : parseDuration(duration);
}

function refuse([fault]: readonly FieldError[]): void {
  if (fault) throw new MalformedEntry(fault.message, fault.field === 'type' ? 'name' : fault.field);
}

type Defined<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** The same object without the properties that are undefined. */
function defined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
