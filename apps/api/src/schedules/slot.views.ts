import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { SLOT_OUTCOMES, type SlotOutcome } from '@millrace/contracts';
import type { RecordedSlot } from '@millrace/tasks';
import { FieldProblemView } from '../problem.view';
import { MomentView } from './preview.views';

@ApiSchema({ name: 'ScheduleSlot' })
export class SlotView {
  @ApiProperty({ type: String, format: 'date-time' })
  readonly slot_at!: string;

  @ApiProperty({
    enum: SLOT_OUTCOMES,
    description:
      '`submitted`: `task_id` is its task; `waiting`: for an earlier task to end, or for a service that has the code; ' +
      '`skipped`: by the overlap policy; `refused`: see `reason`.',
  })
  readonly outcome!: SlotOutcome;

  @ApiProperty({ type: String, nullable: true })
  readonly reason!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly task_id!: string | null;
}

@ApiSchema({ name: 'ScheduleSlots' })
export class SlotsView {
  @ApiProperty({ type: [SlotView], description: 'Earliest first.' })
  readonly items!: readonly SlotView[];

  @ApiProperty({ type: 'integer' })
  readonly total!: number;
}

@ApiSchema({ name: 'BackfillPreview' })
export class BackfillPreviewView {
  @ApiProperty({ type: [MomentView], description: 'What would be submitted, earliest first.' })
  readonly items!: readonly MomentView[];

  @ApiProperty({ type: 'integer' })
  readonly total!: number;
}

@ApiSchema({ name: 'RefusedSchedule' })
export class RefusedScheduleView {
  @ApiProperty({ type: String })
  readonly name!: string;

  @ApiProperty({ type: [FieldProblemView], description: 'What is wrong with its rule.' })
  readonly errors!: readonly FieldProblemView[];
}

@ApiSchema({ name: 'ScheduleBulkAnswer' })
export class BulkAnswerView {
  @ApiProperty({ type: 'integer', description: 'How many were changed, or would be.' })
  readonly total!: number;

  @ApiProperty({ type: [String], description: 'Names of the first hundred of them.' })
  readonly names!: readonly string[];

  @ApiProperty({ type: 'integer', description: 'How many are left, when there were more than one call changes.' })
  readonly remaining!: number;

  @ApiProperty({
    type: [RefusedScheduleView],
    description: 'The first hundred that stay as they are, because their stored rules cannot be read.',
  })
  readonly refused!: readonly RefusedScheduleView[];
}

/** A slot as REST shows it. */
export function slotView({ slotAt, outcome, reason, taskId }: RecordedSlot): SlotView {
  return { slot_at: slotAt.toISOString(), outcome, reason, task_id: taskId };
}
