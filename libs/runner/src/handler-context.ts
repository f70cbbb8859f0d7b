import { Logger } from '@nestjs/common';
import { InvalidTask, type Json } from '@millrace/contracts';
import type { StartedTask } from '@millrace/store';
import { sanitizeForRecord, type SubmitOptions, type TaskSubmitter } from '@millrace/tasks';
import type { SignalSource } from './attempt-runner';
import type { TaskContext, TaskLog } from './task-context';

/** Largest progress value, in bytes of JSON. */
const PROGRESS_BYTES = 16 * 1024;

/** One logger for what handlers say; its lines are told apart by their fields. */
const logger = new Logger('Handler');

/** What a handler is given for one attempt. */
export function handlerContext(
  task: StartedTask,
  source: SignalSource,
  submitter: Pick<TaskSubmitter, 'submit'>,
  setProgress: (progressJson: string) => void,
): TaskContext {
  return {
    task: {
      taskId: task.taskId,
      type: task.type,
      queue: task.queue,
      priority: task.priority,
      userId: task.userId,
      retryCount: task.retryCount,
      maxRetry: task.maxRetry,
      createdAt: task.createdAt,
      scheduleId: task.scheduleId,
      slotAt: task.slotAt,
      trace: task.trace,
    },
    attempt: task.attempt,
    get signal() {
      return source.signal;
    },
    log: taskLog(task),
    progress: (value) => setProgress(progressJson(value)),
    submit: (type: string, payload: Json, options: SubmitOptions = {}) =>
      submitter.submit(type, payload, task.trace ? { trace: task.trace, ...options } : options),
  };
}

/** Mended like a result: a NUL in what it says about its progress must not fail a task. */
function progressJson(value: Json): string {
  const json = value === null ? 'null' : sanitizeForRecord(value);
  if (json === null) throw new InvalidTask([{ field: 'progress', message: 'must be JSON' }]);
  if (Buffer.byteLength(json) > PROGRESS_BYTES) {
    throw new InvalidTask([{ field: 'progress', message: `must be at most ${PROGRESS_BYTES} bytes of JSON` }]);
  }
  return json;
}

function taskLog({ taskId, type, attempt }: StartedTask): TaskLog {
  const facts = { taskId, type, attempt };
  return {
    debug: (message, fields) => logger.debug(message, { ...fields, ...facts }),
    info: (message, fields) => logger.log(message, { ...fields, ...facts }),
    warn: (message, fields) => logger.warn(message, { ...fields, ...facts }),
    error: (message, fields) => logger.error(message, { ...fields, ...facts }),
  };
}
