import {
  checkDuration,
  checkInstant,
  checkPayload,
  checkPayloadSize,
  checkFreeType,
  checkTaskOptions,
  checkText,
  InvalidTask,
  parseDuration,
  routeOf,
  type Backoff,
  type FieldError,
  type Json,
  type TaskOptions,
} from '@millrace/contracts';
import { newTaskId } from '@millrace/queue';
import type { InsertResult, NewTask } from '@millrace/store';
import type { Submission, SubmitOptions, SubmittedTask } from './submission';
import type { TaskPolicy } from './task-policy';

type InsertedResult = Extract<InsertResult, { kind: 'inserted' }>;

/** A submission that passed every rule, with all defaults applied. */
export interface Draft {
  readonly task: NewTask;
  /** What `task.payload` says, for the queue entry. */
  readonly payload: Json;
}

/**
 * Applies the rules and the defaults of a submit.
 * Throws `InvalidTask` with every fault; `prefix` (such as `tasks[3].`) leads each field's name.
 */
export function draftTask(submission: Submission, policy: TaskPolicy, prefix = ''): Draft {
  return draft(submission, policy, { prefix, faults: checkFreeType(submission.type) });
}

/** The same for a task that records what this process runs itself, whose type is reserved for that. */
export function draftRun(submission: Submission, policy: TaskPolicy): Draft {
  return draft(submission, policy, { prefix: '', faults: [] });
}

function draft(
  { type, payload, options = {} }: Submission,
  policy: TaskPolicy,
  known: { readonly prefix: string; readonly faults: readonly FieldError[] },
): Draft {
  const { prefix } = known;
  const faults = [
    ...known.faults,
    ...checkTaskOptions(type, options),
    ...checkSubmitOptions(options),
    ...checkPayload(payload),
  ];
  // A payload that is no JSON value may have no JSON text at all.
  const json = faults.length === 0 ? JSON.stringify(payload) : '';
  faults.push(...checkPayloadSize(json, policy.maxPayloadBytes));
  if (faults.length > 0) throw new InvalidTask(faults.map((fault) => ({ ...fault, field: prefix + fault.field })));

  return { task: newTask(type, json, options, policy), payload };
}

/** A task that has just been recorded; whether it was dispatched is to be said yet. */
export type RecordedTask = Omit<SubmittedTask, 'dispatched'> & { dispatched: boolean };

/** The row a draft became, as `INSERT` left it. */
export function recordedTask({ task, payload }: Draft, inserted: InsertedResult): RecordedTask {
  return {
    id: inserted.id,
    taskId: task.taskId,
    type: task.type,
    queue: task.queue,
    status: 'pending',
    priority: task.priority,
    userId: task.userId,
    payload,
    result: null,
    progress: null,
    retryCount: 0,
    maxRetry: task.maxRetry,
    retryDelayMs: task.retryDelayMs,
    backoff: task.backoff,
    timeoutMs: task.timeoutMs,
    attempt: 0,
    crashCount: 0,
    errorMessage: null,
    errorCode: null,
    workerId: null,
    scheduleId: task.scheduleId,
    slotAt: task.slotAt,
    uniqueKey: task.uniqueKey,
    runAt: inserted.runAt,
    expiresAt: task.expiresAt,
    cancelRequestedAt: null,
    createdAt: inserted.createdAt,
    updatedAt: inserted.createdAt,
    startedAt: null,
    finishedAt: null,
    trace: task.trace,
    created: true,
    dispatched: false,
  };
}

function newTask(type: string, payload: string, options: SubmitOptions, policy: TaskPolicy): NewTask {
  const { taskId, unique } = options;
  return {
    taskId: taskId ?? newTaskId(),
    generatedId: taskId === undefined,
    type,
    queue: options.queue ?? routeOf(policy.routes, type),
    priority: options.priority ?? 0,
    payload,
    userId: options.userId ?? null,
    maxRetry: options.maxRetry ?? policy.maxRetry,
    retryDelayMs: optionalMs(options.retryDelay) ?? policy.retryDelayMs,
    backoff: backoffOf(options.backoff),
    timeoutMs: optionalMs(options.timeout),
    delayMs: optionalMs(options.delay),
    runAt: options.runAt ?? null,
    expiresAt: options.expiresAt ?? null,
    uniqueKey: unique?.key ?? null,
    uniqueForMs: unique && unique.for !== 'unfinished' ? parseDuration(unique.for) : null,
    scheduleId: options.scheduleId ?? null,
    slotAt: options.slotAt ?? null,
    trace: options.trace ?? null,
  };
}

function checkSubmitOptions({ delay, runAt, unique }: SubmitOptions): FieldError[] {
  const both = delay !== undefined && runAt !== undefined;
  return [
    ...(both ? [{ field: 'run_at', message: 'must not be given together with delay' }] : []),
    ...checkDuration('delay', delay),
    ...checkInstant('run_at', runAt),
    ...(unique === undefined ? [] : checkUnique(unique)),
  ];
}

function checkUnique(unique: NonNullable<SubmitOptions['unique']>): FieldError[] {
  const key = unique.key === undefined ? [{ field: 'unique.key', message: 'must be given' }] : [];
  const span = unique.for === undefined ? [{ field: 'unique.for', message: 'must be a duration or "unfinished"' }] : [];
  return [
    ...key,
    ...span,
    ...checkText('unique.key', unique.key),
    ...(unique.for === 'unfinished' ? [] : checkDuration('unique.for', unique.for, 1)),
  ];
}

/** Milliseconds of a duration that may be left out. */
export const optionalMs = (duration: SubmitOptions['delay']) =>
  duration === undefined ? null : parseDuration(duration);

/** How a backoff is recorded. */
export function backoffOf(backoff: TaskOptions['backoff']): Backoff | null {
  if (backoff === undefined) return null;
  const { type, max, jitter } = backoff;
  return { type, ...(max !== undefined && { maxMs: parseDuration(max) }), ...(jitter !== undefined && { jitter }) };
}
