import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  BULK_LIMITS,
  MAX_PRIORITY,
  MAX_RETRY_LIMIT,
  QUEUE_PATTERN,
  TASK_ID_PATTERN,
  TYPE_PATTERN,
} from '@millrace/contracts';
import { ANY_JSON } from '../json-object';

/** A span of time as it is sent: text such as `1h30m`, or whole milliseconds. */
export const DURATION = {
  oneOf: [
    { type: 'string', pattern: String.raw`^(\d+(ms|s|m|h|d))+$|^\d+$` },
    { type: 'integer', minimum: 0 },
  ],
};

@ApiSchema({ name: 'Backoff' })
export class BackoffBody {
  @ApiProperty({ enum: ['fixed', 'exponential'], description: 'How the wait grows from retry to retry.' })
  readonly type!: 'fixed' | 'exponential';

  @ApiPropertyOptional({ ...DURATION, description: 'Longest wait. Default 1h.', example: '10m' })
  readonly max?: string | number;

  @ApiPropertyOptional({
    type: Number,
    minimum: 0,
    maximum: 1,
    description: 'Share of the wait that is taken off at random. Default 0 for fixed, 0.2 for exponential.',
  })
  readonly jitter?: number;
}

@ApiSchema({ name: 'Unique' })
export class UniqueBody {
  @ApiProperty({ type: String, minLength: 1, maxLength: 255, description: 'While a task holds it, no other is made.' })
  readonly key!: string;

  @ApiProperty({
    oneOf: [...DURATION.oneOf, { type: 'string', enum: ['unfinished'] }],
    description: 'How long the key is held from the submit, or `unfinished`: until the task has ended.',
    example: 'unfinished',
  })
  readonly for!: string | number;
}

@ApiSchema({ name: 'SubmitTask' })
export class SubmitTaskBody {
  @ApiProperty({
    type: String,
    pattern: TYPE_PATTERN.source,
    description: 'Chooses the handler.',
    example: 'send_email',
  })
  readonly type!: string;

  @ApiProperty({
    ...ANY_JSON,
    description: 'Any JSON value, at most 256 KiB and 32 levels deep. The handler gets it as it is.',
    example: { to: 'ada@example.com', subject: 'Hello', text: 'It works.' },
  })
  readonly payload!: unknown;

  @ApiPropertyOptional({
    type: String,
    pattern: QUEUE_PATTERN.source,
    description: 'Default: by QUEUE_ROUTES, else `default`.',
  })
  readonly queue?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_PRIORITY,
    default: 0,
    description: '9 is taken first.',
  })
  readonly priority?: number;

  @ApiPropertyOptional({ ...DURATION, description: 'Start no sooner than this long from now.', example: '10m' })
  readonly delay?: string | number;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    description: 'Start no sooner than this moment; a past one means at once. Not together with `delay`.',
  })
  readonly run_at?: string;

  @ApiPropertyOptional({
    type: String,
    format: 'date-time',
    description: 'A task that has not started by then fails with `expired`.',
  })
  readonly expires_at?: string;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 0,
    maximum: MAX_RETRY_LIMIT,
    description: 'Retries after a failed first start. Default QUEUE_MAX_RETRY.',
  })
  readonly max_retry?: number;

  @ApiPropertyOptional({
    ...DURATION,
    description: 'Wait before the first retry. Default QUEUE_RETRY_DELAY.',
    example: '30s',
  })
  readonly retry_delay?: string | number;

  @ApiPropertyOptional({ type: BackoffBody, description: 'How the wait grows. Default exponential.' })
  readonly backoff?: BackoffBody;

  @ApiPropertyOptional({
    ...DURATION,
    description: 'Longest time one attempt may run. Default: the handler’s, else none.',
  })
  readonly timeout?: string | number;

  @ApiPropertyOptional({
    type: String,
    minLength: 1,
    maxLength: 255,
    description: 'Whose task it is; lists filter by it.',
  })
  readonly user_id?: string;

  @ApiPropertyOptional({
    type: String,
    pattern: TASK_ID_PATTERN.source,
    description: 'The public id. Default: a new UUIDv7. One that is taken answers 409.',
  })
  readonly task_id?: string;

  @ApiPropertyOptional({ type: UniqueBody, description: 'While another task holds the key, that task is the answer.' })
  readonly unique?: UniqueBody;
}

@ApiSchema({ name: 'SubmitTasks' })
export class SubmitTasksBody {
  @ApiProperty({
    type: [SubmitTaskBody],
    minItems: 1,
    maxItems: BULK_LIMITS.tasks,
    description: 'Recorded all or none, in this order.',
  })
  readonly tasks!: readonly SubmitTaskBody[];
}
