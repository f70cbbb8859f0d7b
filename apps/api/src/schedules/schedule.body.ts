import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import {
  MAX_PRIORITY,
  MAX_RETRY_LIMIT,
  MISFIRE_POLICIES,
  OVERLAP_POLICIES,
  QUEUE_PATTERN,
  SCHEDULE_NAME_PATTERN,
  TYPE_PATTERN,
} from '@millrace/contracts';
import { ANY_JSON } from '../json-object';
import { BackoffBody, DURATION } from '../tasks/submit-task.body';

const MOMENT = { type: String, format: 'date-time' } as const;

/** A schedule as it is written: exactly one of `cron`, `every` and `at`. Null is the same as leaving a member out. */
@ApiSchema({ name: 'ScheduleFields' })
export class ScheduleBody {
  @ApiProperty({ type: String, pattern: TYPE_PATTERN.source, example: 'report.weekly' })
  readonly type!: string;

  @ApiProperty({
    ...ANY_JSON,
    description:
      'Any JSON value. Texts may name the slot: `{{slot.at}}`, `{{slot.ms}}`, `{{slot.local}}`, `{{slot.date}}`, ' +
      '`{{slot.time}}`, `{{slot.timezone}}`, `{{schedule.name}}`.',
    example: { until: '{{slot.at}}' },
  })
  readonly payload!: unknown;

  @ApiPropertyOptional({
    oneOf: [
      { type: 'string', maxLength: 256 },
      { type: 'array', items: { type: 'string', maxLength: 256 }, minItems: 1, maxItems: 20 },
    ],
    nullable: true,
    description: 'Five or six fields, `@daily` and its kind, or `@every 90s`; a list fires when any of it matches.',
    example: '0 6 * * 1',
  })
  readonly cron?: string | readonly string[];

  @ApiPropertyOptional({ ...DURATION, nullable: true, description: 'Whole seconds between slots.', example: '90s' })
  readonly every?: string | number;

  @ApiPropertyOptional({ ...DURATION, nullable: true, description: 'Moves the slots of `every`; less than it.' })
  readonly phase?: string | number;

  @ApiPropertyOptional({ ...MOMENT, nullable: true, description: 'Once, at this instant.' })
  readonly at?: string;

  @ApiPropertyOptional({ type: String, nullable: true, default: 'UTC', example: 'Europe/Berlin' })
  readonly timezone?: string;

  @ApiPropertyOptional({
    type: [String],
    nullable: true,
    maxItems: 500,
    description: 'Days of the time zone without slots: dates, days of every year, ranges.',
    example: ['12-25', '2026-12-24..2027-01-02'],
  })
  readonly exclude?: readonly string[];

  @ApiPropertyOptional({ ...MOMENT, nullable: true, description: 'No slot before.' })
  readonly starts_at?: string;

  @ApiPropertyOptional({ ...MOMENT, nullable: true, description: 'No slot then or later.' })
  readonly ends_at?: string;

  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 1, description: 'Ends it after so many slots.' })
  readonly max_runs?: number;

  @ApiPropertyOptional({
    ...DURATION,
    nullable: true,
    description: 'Spreads the start over this long after the slot, at most `1d`; the same for one slot always.',
  })
  readonly jitter?: string | number;

  @ApiPropertyOptional({
    enum: MISFIRE_POLICIES,
    nullable: true,
    default: 'once',
    description: 'What becomes of slots that come up more than a minute late.',
  })
  readonly misfire?: string;

  @ApiPropertyOptional({
    ...DURATION,
    nullable: true,
    default: '1d',
    description: 'How late a slot may be and still be made up for.',
  })
  readonly misfire_window?: string | number;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: 500,
    default: 100,
    description: 'Late slots that misfire `all` fires at once.',
  })
  readonly misfire_limit?: number;

  @ApiPropertyOptional({
    enum: OVERLAP_POLICIES,
    nullable: true,
    default: 'allow',
    description: 'What becomes of a slot while a task of the schedule is unfinished.',
  })
  readonly overlap?: string;

  @ApiPropertyOptional({
    type: 'integer',
    nullable: true,
    minimum: 1,
    maximum: 100,
    description: 'Pauses it when so many runs in a row have failed. Default: never.',
  })
  readonly pause_after_failures?: number;

  @ApiPropertyOptional({ type: String, nullable: true, pattern: QUEUE_PATTERN.source, description: 'Of its tasks.' })
  readonly queue?: string;

  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 0, maximum: MAX_PRIORITY, default: 0 })
  readonly priority?: number;

  @ApiPropertyOptional({ type: String, nullable: true, minLength: 1, maxLength: 255 })
  readonly user_id?: string;

  @ApiPropertyOptional({ type: 'integer', nullable: true, minimum: 0, maximum: MAX_RETRY_LIMIT })
  readonly max_retry?: number;

  @ApiPropertyOptional({ ...DURATION, nullable: true })
  readonly retry_delay?: string | number;

  @ApiPropertyOptional({ type: BackoffBody, nullable: true })
  readonly backoff?: BackoffBody;

  @ApiPropertyOptional({ ...DURATION, nullable: true, description: 'Longest time of one attempt.' })
  readonly timeout?: string | number;

  @ApiPropertyOptional({
    type: Boolean,
    description: 'Pauses or resumes it. Left out: it stays as it is; a new one is not paused.',
  })
  readonly paused?: boolean;

  @ApiPropertyOptional({
    type: 'integer',
    minimum: 1,
    description: 'The version that is meant; another one answers 409. A new schedule has none.',
  })
  readonly version?: number;
}

@ApiSchema({ name: 'CreateSchedule' })
export class CreateScheduleBody extends ScheduleBody {
  @ApiProperty({ type: String, pattern: SCHEDULE_NAME_PATTERN.source, example: 'weekly-report' })
  readonly name!: string;
}
