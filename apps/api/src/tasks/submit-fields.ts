import { BULK_LIMITS, type Json } from '@millrace/contracts';
import { invalidRequest, type FieldProblem } from '@millrace/runtime';
import type { Submission, SubmitOptions } from '@millrace/tasks';
import { readMoment, readNested, refuseUnknown } from '../body-fields';
import { isObject, type JsonObject } from '../json-object';

const FIELDS: readonly string[] = [
  'type',
  'payload',
  'queue',
  'priority',
  'delay',
  'run_at',
  'expires_at',
  'max_retry',
  'retry_delay',
  'backoff',
  'timeout',
  'user_id',
  'task_id',
  'unique',
];
const BACKOFF_FIELDS: readonly string[] = ['type', 'max', 'jitter'];
const UNIQUE_FIELDS: readonly string[] = ['key', 'for'];

/**
 * Turns the JSON of a submit into what `TaskSubmitter` takes. It checks the shape (unknown fields, instants, nested
 * objects, what JSON has and the options have not); the rules of each value are the submitter's.
 *
 * Faults are added to `errors`, their fields led by `prefix` (`tasks[17].`).
 */
function readSubmission(body: unknown, errors: FieldProblem[], prefix = ''): Submission {
  if (!isObject(body)) {
    const message = prefix ? 'must be a JSON object' : 'the body must be a JSON object; send it as application/json';
    errors.push({ field: prefix.replace(/\.$/, ''), message });
    return { type: '', payload: null };
  }
  refuseUnknown(body, FIELDS, errors, prefix);
  for (const field of ['type', 'payload']) {
    if (!Object.hasOwn(body, field)) errors.push({ field: prefix + field, message: 'is required' });
  }
  for (const field of FIELDS) {
    if (field !== 'payload' && body[field] === null) {
      errors.push({ field: prefix + field, message: 'must not be null; leave it out' });
    }
  }
  return {
    type: body.type as string,
    payload: body.payload as Json,
    options: readOptions(body, errors, prefix),
  };
}

/** Reads one submit. Throws a 400 that names every fault of its shape. */
export function readOne(body: unknown): Submission {
  const errors: FieldProblem[] = [];
  const submission = readSubmission(body, errors);
  if (errors.length > 0) throw invalidRequest(errors);
  return submission;
}

/** Reads a bulk submit. Throws a 400 that names every fault of its shape. */
export function readMany(body: unknown): Submission[] {
  if (!isObject(body)) throw invalidRequest([{ field: '', message: 'the body must be a JSON object with tasks' }]);
  const errors: FieldProblem[] = [];
  refuseUnknown(body, ['tasks'], errors, '');
  const { tasks } = body;
  if (!Array.isArray(tasks) || tasks.length === 0 || tasks.length > BULK_LIMITS.tasks) {
    errors.push({ field: 'tasks', message: `must be a list of 1 to ${BULK_LIMITS.tasks} tasks` });
    throw invalidRequest(errors);
  }
  const submissions = tasks.map((task, index) => readSubmission(task, errors, `tasks[${index}].`));
  if (errors.length > 0) throw invalidRequest(errors);
  return submissions;
}

function readOptions(body: JsonObject, errors: FieldProblem[], prefix: string): SubmitOptions {
  const options: Record<string, unknown> = {};
  // An option that is absent and one that is undefined are the same to people, not to the types.
  const add = (name: string, value: unknown) => {
    if (value !== undefined) options[name] = value;
  };
  add('taskId', body.task_id);
  add('queue', body.queue);
  add('priority', body.priority);
  add('maxRetry', body.max_retry);
  add('retryDelay', body.retry_delay);
  add('backoff', readNested(body, 'backoff', BACKOFF_FIELDS, errors, prefix));
  add('timeout', body.timeout);
  add('expiresAt', readMoment(body, 'expires_at', errors, prefix));
  add('userId', body.user_id);
  add('delay', body.delay);
  add('runAt', readMoment(body, 'run_at', errors, prefix));
  add('unique', readNested(body, 'unique', UNIQUE_FIELDS, errors, prefix));
  return options;
}
