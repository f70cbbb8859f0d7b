import {
  checkPayload,
  checkPayloadSize,
  checkFreeType,
  checkTaskOptions,
  findJsonFault,
  parseDuration,
  PAYLOAD_LIMITS,
  TASK_ID_PATTERN,
  type FieldError,
  type Json,
  type QueueTask,
  type TaskOptions,
} from '@millrace/contracts';
import { MalformedEntry } from './queue-errors';

/**
 * An entry as JSON. `id`, `attempt`, a priority other than 0, a crash count other than 0 and the type lead, in this order: the
 * Lua scripts and `readHead` read them from there instead of parsing the whole entry. `payloadJson` is the payload as JSON, for whoever has it written already.
 */
export function encodeQueueTask(task: QueueTask, payloadJson: string = JSON.stringify(task.payload)): string {
  const { attempt, priority, crash_count, max_retry, retry_count, retry_delay, created_at } = task;
  // Put together by hand: `JSON.stringify` of the whole takes 1.3 µs, this 0.3 with the payload at hand.
  let json = `{"id":${JSON.stringify(task.id)}`;
  if (attempt !== undefined) json += `,"attempt":${attempt}`;
  if (priority) json += `,"priority":${priority}`;
  if (crash_count) json += `,"crash_count":${crash_count}`;
  json += `,"name":${JSON.stringify(task.name)},"payload":${payloadJson}`;
  if (max_retry !== undefined) json += `,"max_retry":${max_retry}`;
  if (retry_count !== undefined) json += `,"retry_count":${retry_count}`;
  if (retry_delay !== undefined) json += `,"retry_delay":${retry_delay}`;
  if (created_at !== undefined) json += `,"created_at":${JSON.stringify(created_at)}`;
  const others = othersOf(task);
  return others ? `${json},${JSON.stringify(others).slice(1)}` : `${json}}`;
}

/** The fields that few entries have; undefined when this one has none. */
function othersOf({ queue, backoff, timeout, expires_at, user_id, trace }: QueueTask) {
  const given = queue ?? backoff ?? timeout ?? expires_at ?? user_id ?? trace;
  return given === undefined ? undefined : { queue, backoff, timeout, expires_at, user_id, trace };
}

/**
 * Reads an entry, whoever wrote it: camelCase spellings are accepted, durations may be texts such as `5s`, an option
 * that is null counts as absent, unknown fields are ignored. A missing payload is `{}`.
 *
 * The payload rules are checked where no `attempt` tells that Millrace did so before it wrote the entry, and its numbers
 * must be such as reading does not change; `maxPayloadBytes` is of its JSON text, by default 256 KiB. Throws `MalformedEntry`, which names the field.
 */
export function decodeQueueTask(json: string, maxPayloadBytes: number = PAYLOAD_LIMITS.bytes): QueueTask {
  const object = parseObject(json);
  const fields = (field: string) => object[field] ?? object[CAMEL_CASE[field] ?? field] ?? undefined;
  const id = fields('id');
  const name = fields('name');
  if (typeof id !== 'string' || !TASK_ID_PATTERN.test(id)) throw new MalformedEntry('must be a task id', 'id');
  if (typeof name !== 'string') throw new MalformedEntry('must be the type of a task', 'name');

  const attempt = readCount('attempt', fields('attempt'));
  const payload = (object.payload === undefined ? {} : object.payload) as Json;
  if (attempt === undefined) {
    refuse(checkFreeType(name));
    refuse(checkPayload(payload));
    if (SUSPECT_NUMBER.test(json)) refuse(numberFaults(json));
    // What is too large cannot be part of an entry that is small enough.
    if (checkPayloadSize(json, maxPayloadBytes).length > 0)
      refuse(checkPayloadSize(JSON.stringify(payload), maxPayloadBytes));
  }

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

  const task: { -readonly [K in keyof QueueTask]: QueueTask[K] } = { id, name, payload };
  if (attempt !== undefined) {
    task.attempt = attempt;
    // Only beside `attempt`, which nobody else writes either.
    const crashCount = readCount('crash_count', fields('crash_count'));
    if (crashCount !== undefined) task.crash_count = crashCount;
  }
  if (options.queue !== undefined) task.queue = options.queue;
  if (options.priority !== undefined) task.priority = options.priority;
  if (options.maxRetry !== undefined) task.max_retry = options.maxRetry;
  const retryCount = readCount('retry_count', fields('retry_count'));
  if (retryCount !== undefined) task.retry_count = retryCount;
  if (options.retryDelay !== undefined) task.retry_delay = parseDuration(options.retryDelay);
  if (options.backoff !== undefined) task.backoff = inMs(options.backoff);
  if (options.timeout !== undefined) task.timeout = parseDuration(options.timeout);
  const createdAt = readInstant('created_at', fields('created_at'));
  if (createdAt !== undefined) task.created_at = createdAt;
  const expiresAt = readInstant('expires_at', fields('expires_at'));
  if (expiresAt !== undefined) task.expires_at = expiresAt;
  if (options.userId !== undefined) task.user_id = options.userId;
  if (options.trace !== undefined) task.trace = options.trace;
  return task;
}

/** So many digits may be an integer that a double rounds; few entries have any, and those are looked at again. */
const SUSPECT_NUMBER = /\d{16}/;

/** Keys are free in an entry: of two equal ones the last counts, as for JSON.parse and for jsonb. */
function numberFaults(json: string): FieldError[] {
  const fault = findJsonFault(json, 'free');
  return fault ? [fault] : [];
}

/** The entry, when the text is one. */
export function readEntry(json: string, maxPayloadBytes?: number): QueueTask | undefined {
  try {
    return decodeQueueTask(json, maxPayloadBytes);
  } catch (error) {
    if (error instanceof MalformedEntry) return undefined;
    throw error;
  }
}

/** The entry, when the text is one and is about this task; else what is wrong with it. */
export function readEntryOf(
  taskId: string,
  json: string,
  maxPayloadBytes?: number,
): { readonly entry: QueueTask } | { readonly fault: string } {
  try {
    const entry = decodeQueueTask(json, maxPayloadBytes);
    return entry.id === taskId ? { entry } : { fault: 'id is not the one that it is held under' };
  } catch (error) {
    if (error instanceof MalformedEntry) return { fault: error.message };
    throw error;
  }
}

/** The other spelling of the fields that have one. */
const CAMEL_CASE: Readonly<Record<string, string>> = {
  max_retry: 'maxRetry',
  retry_count: 'retryCount',
  retry_delay: 'retryDelay',
  created_at: 'createdAt',
  expires_at: 'expiresAt',
  user_id: 'userId',
};

function parseObject(json: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new MalformedEntry('must be JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedEntry('must be a JSON object');
  return value as Record<string, unknown>;
}

function readCount(field: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 2_147_483_647) return value;
  throw new MalformedEntry('must be a whole number from 0 to 2147483647', field);
}

/** ISO 8601 text of an instant; epoch milliseconds are accepted too. */
function readInstant(field: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  const ms = typeof value === 'string' ? Date.parse(value) : value;
  if (typeof ms === 'number' && ms >= 0 && ms < 253_402_300_800_000)
    return typeof value === 'string' && CANONICAL.test(value) ? value : new Date(ms).toISOString();
  throw new MalformedEntry('must be an ISO 8601 instant', field);
}

/** How `Date.toISOString` writes; most entries come so, and formatting costs more than looking. */
const CANONICAL = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function readBackoff(value: unknown): TaskOptions['backoff'] {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedEntry('must be an object', 'backoff');
  const { type, max, jitter } = value as Record<string, unknown>;
  return {
    type,
    ...(max !== undefined && max !== null && { max }),
    ...(jitter !== undefined && jitter !== null && { jitter }),
  } as TaskOptions['backoff'];
}

function inMs({ type, max, jitter }: NonNullable<TaskOptions['backoff']>): NonNullable<QueueTask['backoff']> {
  return {
    type,
    ...(max !== undefined && { max: parseDuration(max) }),
    ...(jitter !== undefined && { jitter }),
  };
}

/** A trace is for observation only: one that cannot be read is left out. */
function readTrace(value: unknown): QueueTask['trace'] {
  if (typeof value !== 'object' || value === null) return undefined;
  const { traceparent, tracestate } = value as Record<string, unknown>;
  if (typeof traceparent !== 'string') return undefined;
  return typeof tracestate === 'string' ? { traceparent, tracestate } : { traceparent };
}

function refuse([fault]: readonly FieldError[]): void {
  if (fault) throw new MalformedEntry(fault.message, fault.field === 'type' ? 'name' : fault.field);
}
