import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ERROR_CODES, TASK_STATUSES, type ErrorCode, type Json, type TaskStatus } from '@millrace/contracts';
import type { TaskRow } from '@millrace/store';
import { ANY_JSON } from '../json-object';

const MOMENT = { type: String, format: 'date-time' } as const;

@ApiSchema({ name: 'TaskBackoff' })
export class BackoffView {
  @ApiProperty({ enum: ['fixed', 'exponential'] })
  readonly type!: 'fixed' | 'exponential';

  @ApiProperty({ type: 'integer', required: false, description: 'Longest wait, in milliseconds.' })
  readonly max?: number;

  @ApiProperty({ type: Number, required: false })
  readonly jitter?: number;
}

/** A task as REST shows it: the columns of its row, durations in milliseconds under their input names. */
@ApiSchema({ name: 'Task' })
export class TaskView {
  @ApiProperty({ type: 'integer', description: 'Database id.', example: 1042 })
  readonly id!: number;

  @ApiProperty({ type: String, description: 'Public id.', example: '019a8f3e-7c51-7d0a-9a51-0d9f1a2b3c4d' })
  readonly task_id!: string;

  @ApiProperty({ type: String, example: 'send_email' })
  readonly type!: string;

  @ApiProperty({ type: String, example: 'default' })
  readonly queue!: string;

  @ApiProperty({ enum: TASK_STATUSES, description: '`pending` also while delayed and between retries.' })
  readonly status!: TaskStatus;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: 9 })
  readonly priority!: number;

  @ApiProperty({ type: String, nullable: true })
  readonly user_id!: string | null;

  @ApiProperty({ ...ANY_JSON, description: 'As it was submitted.' })
  readonly payload!: Json;

  @ApiProperty({ ...ANY_JSON, description: 'What the handler returned.' })
  readonly result!: Json;

  @ApiProperty({ ...ANY_JSON, description: 'What the handler last said of its progress.' })
  readonly progress!: Json;

  @ApiProperty({ type: 'integer', description: 'Retries used.' })
  readonly retry_count!: number;

  @ApiProperty({ type: 'integer', description: '3 means at most four runs.' })
  readonly max_retry!: number;

  @ApiProperty({ type: 'integer', description: 'Wait before the first retry, in milliseconds.' })
  readonly retry_delay!: number;

  @ApiProperty({ type: BackoffView, nullable: true })
  readonly backoff!: BackoffView | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Longest time of one attempt, in milliseconds.' })
  readonly timeout!: number | null;

  @ApiProperty({ type: 'integer', description: 'Starts so far.' })
  readonly attempt!: number;

  @ApiProperty({ type: 'integer', description: 'Workers lost while running it.' })
  readonly crash_count!: number;

  @ApiProperty({ type: String, nullable: true })
  readonly error_message!: string | null;

  @ApiProperty({ enum: [...ERROR_CODES, null], nullable: true })
  readonly error_code!: ErrorCode | null;

  @ApiProperty({ type: String, nullable: true })
  readonly worker_id!: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  readonly schedule_id!: number | null;

  @ApiProperty({ ...MOMENT, nullable: true, description: 'The moment of its schedule it stands for.' })
  readonly slot_at!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly unique_key!: string | null;

  @ApiProperty({ ...MOMENT, description: 'Starts no sooner.' })
  readonly run_at!: string;

  @ApiProperty({ ...MOMENT, nullable: true })
  readonly expires_at!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true })
  readonly cancel_requested_at!: string | null;

  @ApiProperty(MOMENT)
  readonly created_at!: string;

  @ApiProperty(MOMENT)
  readonly updated_at!: string;

  @ApiProperty({ ...MOMENT, nullable: true, description: 'Start of the last attempt.' })
  readonly started_at!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true })
  readonly finished_at!: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: { type: 'string' },
    nullable: true,
    description: 'W3C trace context of the submit.',
  })
  readonly trace!: Readonly<Record<string, string>> | null;
}

/** The answer to a submit. */
@ApiSchema({ name: 'SubmittedTask' })
export class SubmittedTaskView extends TaskView {
  @ApiProperty({ type: Boolean, description: 'False: a task that holds the unique key was there before.' })
  readonly created!: boolean;
}

/** A row as REST shows it. */
export function taskView(row: TaskRow): TaskView {
  return {
    id: row.id,
    task_id: row.taskId,
    type: row.type,
    queue: row.queue,
    status: row.status,
    priority: row.priority,
    user_id: row.userId,
    payload: row.payload,
    result: row.result,
    progress: row.progress,
    retry_count: row.retryCount,
    max_retry: row.maxRetry,
    retry_delay: row.retryDelayMs,
    backoff: row.backoff && backoffView(row.backoff),
    timeout: row.timeoutMs,
    attempt: row.attempt,
    crash_count: row.crashCount,
    error_message: row.errorMessage,
    error_code: row.errorCode,
    worker_id: row.workerId,
    schedule_id: row.scheduleId,
    slot_at: instantView(row.slotAt),
    unique_key: row.uniqueKey,
    run_at: momentView(row.runAt),
    expires_at: instantView(row.expiresAt),
    cancel_requested_at: instantView(row.cancelRequestedAt),
    created_at: momentView(row.createdAt),
    updated_at: momentView(row.updatedAt),
    started_at: instantView(row.startedAt),
    finished_at: instantView(row.finishedAt),
    trace: row.trace && { ...row.trace },
  };
}

/** An instant as REST shows it. */
export function instantView(at: Date | null): string | null {
  return at && momentView(at);
}

let lastMs = Number.NaN;
let lastText = '';

/** A new task has the same moment three times, and so have those that were recorded with it. */
function momentView(at: Date): string {
  const ms = at.getTime();
  if (ms !== lastMs) {
    lastText = at.toISOString();
    lastMs = ms;
  }
  return lastText;
}

/** A backoff as REST shows it. */
export function backoffView({ type, maxMs, jitter }: NonNullable<TaskRow['backoff']>): BackoffView {
  return { type, ...(maxMs === undefined ? {} : { max: maxMs }), ...(jitter === undefined ? {} : { jitter }) };
}
