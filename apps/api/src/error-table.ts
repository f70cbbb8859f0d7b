import { InvalidTask } from '@millrace/contracts';
import { answerTo, invalidRequest, type ErrorTable, type ProblemInit } from '@millrace/runtime';
import { InvalidSchedule } from '@millrace/schedules';
import { IdempotencyKeyReused, InvalidCursor, StoreUnavailable, UnstorableData } from '@millrace/store';
import {
  ScheduleNameTaken,
  ScheduleNotFound,
  ScheduleStateConflict,
  ScheduleVersionMismatch,
  TaskIdTaken,
  TaskNotCancellable,
  TaskNotFound,
  TaskNotRetryable,
  TooManyWaiting,
} from '@millrace/tasks';

/** How the api answers errors of the domain. */
export const ERROR_TABLE: ErrorTable = [
  answerTo(InvalidTask, ({ errors }) => invalidRequest(errors).problem),
  answerTo(InvalidSchedule, ({ errors }) => invalidRequest(errors).problem),
  answerTo(InvalidCursor, ({ message }) => invalidRequest([{ field: 'cursor', message }]).problem),
  answerTo(UnstorableData, () => ({
    status: 400,
    code: 'invalid-request',
    detail: 'A value of the request cannot be stored.',
  })),
  answerTo(TaskNotFound, ({ taskId }) => ({
    status: 404,
    code: 'no-such-task',
    detail: `There is no task ${taskId}.`,
  })),
  answerTo(TaskIdTaken, ({ taskId }) => ({
    status: 409,
    code: 'task-id-taken',
    detail: `The task_id ${taskId} belongs to another task.`,
    errors: [{ field: 'task_id', message: 'is taken' }],
  })),
  answerTo(TaskNotRetryable, ({ message }) => ({ status: 409, code: 'not-retryable', detail: `${message}.` })),
  answerTo(TaskNotCancellable, ({ message }) => ({ status: 409, code: 'not-cancellable', detail: `${message}.` })),
  answerTo(ScheduleNotFound, ({ message }) => ({ status: 404, code: 'no-such-schedule', detail: `${message}.` })),
  answerTo(ScheduleNameTaken, ({ message }) => ({
    status: 409,
    code: 'schedule-name-taken',
    detail: `${message}.`,
    errors: [{ field: 'name', message: 'is taken' }],
  })),
  answerTo(ScheduleVersionMismatch, ({ message, version }) => ({
    status: 409,
    code: 'schedule-version-mismatch',
    detail: `${message}.`,
    errors: [{ field: 'version', message: `is ${version} by now` }],
  })),
  answerTo(ScheduleStateConflict, ({ message }) => ({ status: 409, code: 'schedule-state', detail: `${message}.` })),
  answerTo(IdempotencyKeyReused, () => ({
    status: 422,
    code: 'idempotency-key-reused',
    detail: 'This Idempotency-Key was used with another request.',
  })),
  answerTo(StoreUnavailable, () => comeBackLater('The database does not answer; nothing was recorded.')),
  answerTo(TooManyWaiting, () => comeBackLater('Too many tasks wait to be recorded.')),
];

function comeBackLater(detail: string): ProblemInit {
  return { status: 503, code: 'unavailable', detail, headers: { 'Retry-After': '2' } };
}
