import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import {
  SLOT_ORIGINS,
  SLOT_OUTCOMES,
  TASK_STATUSES,
  type SlotOrigin,
  type SlotOutcome,
  type TaskStatus,
} from '@millrace/contracts';

const MOMENT = { type: String, format: 'date-time' } as const;

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
