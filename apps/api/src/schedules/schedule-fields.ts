import type { FieldProblem } from '@millrace/runtime';
import type { ScheduleInput } from '@millrace/tasks';
import { readMoment, readNested, refuseUnknown } from '../body-fields';
import { isObject, type JsonObject } from '../json-object';

/** What makes up the rule of a schedule; `null` is the same as leaving it out, except for `payload`. */
export const DEFINITION_FIELDS: readonly string[] = [
  'type',
  'payload',
  'queue',
  'priority',
  'user_id',
  'max_retry',
  'retry_delay',
  'backoff',
  'timeout',
  'cron',
  'every',
  'phase',
  'at',
  'timezone',
  'exclude',
  'starts_at',
  'ends_at',
  'max_runs',
  'jitter',
  'misfire',
  'misfire_window',
  'misfire_limit',
  'overlap',
  'pause_after_failures',
];

/** What an answer shows beside; a body that was an answer may hold it, and it changes nothing. */
const SHOWN_FIELDS: readonly string[] = [
  'id',
  'source',
  'declared_by',
  'pause_reason',
  'orphaned_at',
  'next_slot_at',
  'next_run_at',
  'last_run_at',
  'run_count',
  'missed_count',
  'created_at',
  'updated_at',
];

const WRITTEN_FIELDS: readonly string[] = ['name', 'paused', 'version', ...DEFINITION_FIELDS];
const NO_OBJECT: FieldProblem = {
  field: '',
  message: 'the body must be a JSON object; send it as application/json',
};
const BACKOFF_FIELDS: readonly string[] = ['type', 'max', 'jitter'];

/** A schedule as a body gives it. */
export interface ScheduleFields {
  readonly input: ScheduleInput;
  readonly name: string | undefined;
  /** Undefined: as it is; a new one is not paused. */
  readonly paused: boolean | undefined;
  /** The version that is meant. */
  readonly version: number | undefined;
}

/**
 * Reads a whole schedule from JSON. It checks the shape (unknown members, instants, lists, nested objects); the rules of each
 * value are those of `draftSchedule`.
 *
 * Faults are added to `errors`; null: it is no object.
 */
export function readSchedule(body: unknown, errors: FieldProblem[]): ScheduleFields | null {
  if (!isObject(body)) {
    errors.push(NO_OBJECT);
    return null;
  }
  refuseUnknown(body, [...WRITTEN_FIELDS, ...SHOWN_FIELDS], errors, '');
  if (isAbsent(body.type)) errors.push({ field: 'type', message: 'is required' });
  if (body.payload === undefined) errors.push({ field: 'payload', message: 'is required' });
  return {
    input: readInput(body, errors),
    name: readTyped(body, 'name', 'string', errors),
    paused: readTyped(body, 'paused', 'boolean', errors),
    version: readVersion(body, errors),
  };
}

/** Reads the members of a change: any of a schedule, but none that only an answer has. Faults are added to `errors`. */
export function readPatch(body: unknown, errors: FieldProblem[]): JsonObject {
  if (!isObject(body)) {
    errors.push(NO_OBJECT);
    return {};
  }
  for (const field of SHOWN_FIELDS) {
    if (field in body) errors.push({ field, message: 'is set by the platform; it cannot be changed' });
  }
  refuseUnknown(body, [...WRITTEN_FIELDS, ...SHOWN_FIELDS], errors, '');
  return body;
}

function readInput(body: JsonObject, errors: FieldProblem[]): ScheduleInput {
  const input: Record<string, unknown> = {
    type: body.type,
    payload: body.payload,
    queue: body.queue,
    priority: body.priority,
    userId: body.user_id,
    maxRetry: body.max_retry,
    retryDelay: body.retry_delay,
    backoff: readNested(body, 'backoff', BACKOFF_FIELDS, errors, ''),
    timeout: body.timeout,
    cron: readCron(body.cron, errors),
    every: body.every,
    phase: body.phase,
    at: readMoment(body, 'at', errors, ''),
    timezone: readTyped(body, 'timezone', 'string', errors),
    exclude: readTexts('exclude', body.exclude, errors),
    startsAt: readMoment(body, 'starts_at', errors, ''),
    endsAt: readMoment(body, 'ends_at', errors, ''),
    maxRuns: body.max_runs,
    jitter: body.jitter,
    misfire: body.misfire,
    misfireWindow: body.misfire_window,
    misfireLimit: body.misfire_limit,
    overlap: body.overlap,
    pauseAfterFailures: body.pause_after_failures,
  };
  for (const [name, value] of Object.entries(input)) {
    if (value === undefined || (value === null && name !== 'payload')) delete input[name];
  }
  return input as unknown as ScheduleInput;
}

function readCron(value: unknown, errors: FieldProblem[]): string | string[] | undefined {
  return typeof value === 'string' ? value : readTexts('cron', value, errors);
}

function readTexts(field: string, value: unknown, errors: FieldProblem[]): string[] | undefined {
  if (isAbsent(value)) return undefined;
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  errors.push({ field, message: `must be ${field === 'cron' ? 'text or ' : ''}a list of texts` });
  return undefined;
}

function readVersion(body: JsonObject, errors: FieldProblem[]): number | undefined {
  const { version } = body;
  if (isAbsent(version)) return undefined;
  if (typeof version === 'number' && Number.isInteger(version) && version >= 1) return version;
  errors.push({ field: 'version', message: 'must be a whole number from 1' });
  return undefined;
}

interface Typed {
  readonly string: string;
  readonly boolean: boolean;
}

function readTyped<K extends keyof Typed>(
  body: JsonObject,
  field: string,
  kind: K,
  errors: FieldProblem[],
): Typed[K] | undefined {
  const value = body[field];
  if (isAbsent(value)) return undefined;
  if (typeof value === kind) return value as Typed[K];
  errors.push({ field, message: kind === 'string' ? 'must be text' : 'must be true or false' });
  return undefined;
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;
