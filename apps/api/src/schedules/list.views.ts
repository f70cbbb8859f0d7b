import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import {
  SLOT_ORIGINS,
  SLOT_OUTCOMES,
  TASK_STATUSES,
  type SlotOrigin,
  type SlotOutcome,
  type TaskStatus,
} from '@millrace/contracts';
import { PageView } from '../page.view';
import { ScheduleView } from './schedule.view';

const MOMENT = { type: String, format: 'date-time' } as const;

/** The filter a list was made with. */
@ApiSchema({ name: 'ScheduleFilter' })
export class ScheduleFilterView {
  @ApiProperty({ type: String, required: false })
  readonly q?: string;

  @ApiProperty({ type: String, required: false })
  readonly type?: string;

  @ApiProperty({ type: String, required: false })
  readonly queue?: string;

  @ApiProperty({ enum: ['api', 'code'], required: false })
  readonly source?: string;

  @ApiProperty({ type: Boolean, required: false })
  readonly paused?: boolean;

  @ApiProperty({ type: Boolean, required: false })
  readonly orphaned?: boolean;
}

@ApiSchema({ name: 'SchedulePage' })
export class SchedulePageView extends PageView {
  @ApiProperty({ type: [ScheduleView], description: 'By name.' })
  readonly items!: readonly ScheduleView[];

  @ApiProperty({ type: ScheduleFilterView })
  readonly filter!: ScheduleFilterView;
}

@ApiSchema({ name: 'ScheduleMoment' })
export class MomentView {
  @ApiProperty(MOMENT)
  readonly at!: string;

  @ApiProperty({
    type: String,
    description: 'The same on the clock of the time zone.',
    example: '2026-03-29T03:00:00.000+02:00',
  })
  readonly local!: string;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'What the clock of the time zone does there, if anything.',
  })
  readonly note!: string | null;
}

@ApiSchema({ name: 'SchedulePreview' })
export class PreviewView {
  @ApiProperty({ type: [MomentView] })
  readonly items!: readonly MomentView[];

  @ApiProperty({ type: String })
  readonly timezone!: string;

  @ApiProperty({
    type: String,
    description: 'Release of the IANA time zone data that was computed with.',
    example: '2025c',
  })
  readonly zone_data!: string;
}

/** The task of a slot, as far as it is still there. */
@ApiSchema({ name: 'ScheduleRunTask' })
export class RunTaskView {
  @ApiProperty({ type: 'integer' })
  readonly id!: number;

  @ApiProperty({ type: String, description: 'Address of the task.' })
  readonly href!: string;

  @ApiProperty({ enum: TASK_STATUSES })
  readonly status!: TaskStatus;

  @ApiProperty({ type: 'integer' })
  readonly attempt!: number;

  @ApiProperty({ type: String, nullable: true })
  readonly error_code!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true })
  readonly started_at!: string | null;

  @ApiProperty({ ...MOMENT, nullable: true })
  readonly finished_at!: string | null;
}

@ApiSchema({ name: 'ScheduleRun' })
export class RunView {
  @ApiProperty(MOMENT)
  readonly slot_at!: string;

  @ApiProperty({ enum: SLOT_OUTCOMES })
  readonly outcome!: SlotOutcome;

  @ApiProperty({ enum: SLOT_ORIGINS, description: 'The clock, a run now, or a backfill.' })
  readonly origin!: SlotOrigin;

  @ApiProperty({ type: String, nullable: true })
  readonly reason!: string | null;

  @ApiProperty({ type: 'integer', description: 'How long after its due moment it was decided about, in milliseconds.' })
  readonly lateness!: number;

  @ApiProperty({ ...MOMENT, description: 'When it was decided about.' })
  readonly decided_at!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly task_id!: string | null;

  @ApiProperty({ type: RunTaskView, nullable: true, description: 'Null: it has none, or retention has removed it.' })
  readonly task!: RunTaskView | null;
}

@ApiSchema({ name: 'ScheduleRuns' })
export class RunsView {
  @ApiProperty({ type: [RunView], description: 'Latest slot first.' })
  readonly items!: readonly RunView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it as `cursor` for the next page; null: this is the last.',
  })
  readonly next_cursor!: string | null;
}
