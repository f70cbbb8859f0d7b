import { Logger } from '@nestjs/common';
import { InvalidTask, type Json } from '@millrace/contracts';
import type { StartedTask } from '@millrace/store';
import { sanitizeForRecord, type SubmitOptions, type TaskSubmitter } from '@millrace/tasks';
import type { SignalSource } from './attempt-runner';
import type { TaskContext, TaskFacts, TaskLog } from './task-context';

/** Largest progress value, in bytes of JSON. */
const PROGRESS_BYTES = 16 * 1024;

/** One logger for what handlers say; its lines are told apart by their fields. */
const logger = new Logger('Handler');

/** What a handler is given for one attempt; each part is made when it is asked for, since most handlers ask for few. */
export class HandlerContext implements TaskContext {
  private facts: TaskFacts | null = null;
  private taskLog: TaskLog | null = null;

  constructor(
    private readonly started: StartedTask,
    private readonly source: SignalSource,
    private readonly submitter: Pick<TaskSubmitter, 'submit'>,
    private readonly setProgress: (progressJson: string) => void,
  ) {}

  get task(): TaskFacts {
    return (this.facts ??= factsOf(this.started));
  }

  get attempt(): number {
    return this.started.attempt;
  }

  get signal(): AbortSignal {
    return this.source.signal;
  }

  get log(): TaskLog {
    return (this.taskLog ??= taskLog(this.started));
  }

  get progress(): TaskContext['progress'] {
    return (value) => this.setProgress(progressJson(value));
  }

  get submit(): TaskContext['submit'] {
    const { trace } = this.started;
    return (type, payload, options: SubmitOptions = {}) =>
      this.submitter.submit(type, payload, trace ? { trace, ...options } : options);
  }
}

function factsOf(task: StartedTask): TaskFacts {
  return {
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
