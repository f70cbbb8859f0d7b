import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import {
  MISFIRE_POLICIES,
  OVERLAP_POLICIES,
  type Json,
  type MisfirePolicy,
  type OverlapPolicy,
} from '@millrace/contracts';
import type { ScheduleDefinition, ScheduleRow, ScheduleSource } from '@millrace/store';
import { ANY_JSON } from '../json-object';
import { backoffView, BackoffView, instantView } from '../tasks/task.view';

const MOMENT = { type: String, format: 'date-time' } as const;

/** The rule of a schedule as REST shows it: complete, durations in milliseconds. It may be sent back as it is. */
export class DefinitionView {
  @ApiProperty({ type: String, example: 'report.weekly' })
  readonly type!: string;

  @ApiProperty({ ...ANY_JSON, description: 'As it was given; the places of a slot are filled in for each task.' })
  readonly payload!: Json;

  @ApiProperty({ type: String, nullable: true, description: 'Null: the queue that the type is routed to.' })
  readonly queue!: string | null;

  @ApiProperty({ type: 'integer', minimum: 0, maximum: 9 })
  readonly priority!: number;

  @ApiProperty({ type: String, nullable: true })
  readonly user_id!: string | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Null: the default of tasks.' })
  readonly max_retry!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds; null: the default of tasks.' })
  readonly retry_delay!: number | null;

  @ApiProperty({ type: BackoffView, nullable: true })
  readonly backoff!: BackoffView | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds; null: the handler’s own, else none.' })
  readonly timeout!: number | null;

  @ApiProperty({
    oneOf: [{ type: 'string' }, { type: 'array', items: { type: 'string' } }],
    nullable: true,
    description: 'One expression, or a list of several. Null: `every` or `at` says when.',
    example: '0 6 * * 1',
  })
  readonly cron!: string | readonly string[] | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds.' })
  readonly every!: number | null;

  @ApiProperty({ type: 'integer', nullable: true, description: 'Milliseconds; null without `every`.' })
  readonly phase!: number | null;

  @ApiProperty({ ...MOMENT, nullable: true })
  readonly at!: string | null;

  @ApiProperty({ type: String, example: 'Europe/Berlin' })
  readonly timezone!: string;

  @ApiProperty({ type: [String], description: 'Days of the time zone without slots.' })
  readonly exclude!: readonly string[];

  @ApiProperty({ ...MOMENT, nullable: true })
  readonly starts_at!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true })
  readonly ends_at!: string | null;

  @ApiProperty({ type: 'integer', nullable: true })
  readonly max_runs!: number | null;

  @ApiProperty({ type: 'integer', description: 'Milliseconds.' })
  readonly jitter!: number;

  @ApiProperty({ enum: MISFIRE_POLICIES })
  readonly misfire!: MisfirePolicy;

  @ApiProperty({ type: 'integer', description: 'Milliseconds.' })
  readonly misfire_window!: number;

  @ApiProperty({ type: 'integer' })
  readonly misfire_limit!: number;

  @ApiProperty({ enum: OVERLAP_POLICIES })
  readonly overlap!: OverlapPolicy;

  @ApiProperty({ type: 'integer', nullable: true })
  readonly pause_after_failures!: number | null;
}

@ApiSchema({ name: 'Schedule' })
export class ScheduleView extends DefinitionView {
  @ApiProperty({ type: 'integer', description: 'Database id; `schedule_id` of its tasks.' })
  readonly id!: number;

  @ApiProperty({ type: String, example: 'weekly-report' })
  readonly name!: string;

  @ApiProperty({ enum: ['api', 'code'], description: '`code`: declared by a service, and changed there.' })
  readonly source!: ScheduleSource;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The application whose code declares it.',
    example: 'scheduler',
  })
  readonly declared_by!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true, description: 'Since when no service declares it any more.' })
  readonly orphaned_at!: string | null;

  @ApiProperty({ type: Boolean })
  readonly paused!: boolean;

  @ApiProperty({ type: String, nullable: true })
  readonly pause_reason!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true, description: 'The next due moment; null: there is none.' })
  readonly next_slot_at!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true, description: 'When it fires: `next_slot_at` and its jitter.' })
  readonly next_run_at!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true, description: 'The slot that was submitted last by the clock.' })
  readonly last_run_at!: string | null;

  @ApiProperty({ type: 'integer', description: 'Slots that came due and were submitted, or wait to be.' })
  readonly run_count!: number;

  @ApiProperty({ type: 'integer', description: 'Slots that came up too late to be made up for.' })
  readonly missed_count!: number;

  @ApiProperty({ type: 'integer', description: 'Rises with every change of the rule.' })
  readonly version!: number;

  @ApiProperty(MOMENT)
  readonly created_at!: string;

  @ApiProperty(MOMENT)
  readonly updated_at!: string;
}

/** A rule as REST shows it. */
export function definitionView(definition: ScheduleDefinition): DefinitionView {
  const { cron, everyMs } = definition;
  return {
    type: definition.type,
    payload: definition.payload,
    queue: definition.queue,
    priority: definition.priority,
    user_id: definition.userId,
    max_retry: definition.maxRetry,
    retry_delay: definition.retryDelayMs,
    backoff: definition.backoff && backoffView(definition.backoff),
    timeout: definition.timeoutMs,
    cron: cron?.length === 1 ? (cron[0] ?? null) : cron,
    every: everyMs,
    phase: everyMs === null ? null : definition.phaseMs,
    at: instantView(definition.at),
    timezone: definition.timezone,
    exclude: definition.exclude,
    starts_at: instantView(definition.startsAt),
    ends_at: instantView(definition.endsAt),
    max_runs: definition.maxRuns,
    jitter: definition.jitterMs,
    misfire: definition.misfire,
    misfire_window: definition.misfireWindowMs,
    misfire_limit: definition.misfireLimit,
    overlap: definition.overlap,
    pause_after_failures: definition.pauseAfterFailures,
  };
}

/** A row as REST shows it. */
export function scheduleView(row: ScheduleRow): ScheduleView {
  return {
    id: row.id,
    name: row.name,
    source: row.source,
    declared_by: row.declaredBy,
    orphaned_at: instantView(row.orphanedAt),
    ...definitionView(row),
    paused: row.paused,
    pause_reason: row.pauseReason,
    next_slot_at: instantView(row.nextSlotAt),
    next_run_at: instantView(row.nextRunAt),
    last_run_at: instantView(row.lastRunAt),
    run_count: row.runCount,
    missed_count: row.missedCount,
    version: row.version,
    created_at: row.createdAt.toISOString(),
    updated_at: row.updatedAt.toISOString(),
  };
}
