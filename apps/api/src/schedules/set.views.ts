import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import type { SetDiff } from './apply-schedules';
import { ChangeView } from './history.views';
import { MAX_SET, type ScheduleSet } from './schedule-set';
import { CreateScheduleBody } from './schedule.body';

@ApiSchema({ name: 'ScheduleSet' })
export class SetBody {
  @ApiProperty({ type: [CreateScheduleBody], maxItems: MAX_SET })
  readonly schedules!: readonly CreateScheduleBody[];

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Answers the diff and changes nothing.' })
  readonly dry_run?: boolean;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Deletes what is `orphaned`.' })
  readonly prune?: boolean;

  @ApiPropertyOptional({
    type: String,
    maxLength: 128,
    description: 'The set is about schedules whose names begin so; others are not `orphaned`.',
  })
  readonly prefix?: string;
}

@ApiSchema({ name: 'ChangedSchedule' })
export class ChangedScheduleView {
  @ApiProperty({ type: String })
  readonly name!: string;

  @ApiProperty({ type: [ChangeView] })
  readonly changes!: readonly ChangeView[];
}

@ApiSchema({ name: 'ScheduleSetDiff' })
export class SetDiffView {
  @ApiProperty({ type: [String] })
  readonly created!: readonly string[];

  @ApiProperty({ type: [ChangedScheduleView] })
  readonly changed!: readonly ChangedScheduleView[];

  @ApiProperty({ type: [String] })
  readonly unchanged!: readonly string[];

  @ApiProperty({
    type: [String],
    description: 'Stored, made over REST, and not in the set: the first thousand names. Deleted when `pruned`.',
  })
  readonly orphaned!: readonly string[];

  @ApiProperty({ type: Boolean })
  readonly pruned!: boolean;

  @ApiProperty({ type: Boolean })
  readonly dry_run!: boolean;
}

/** A diff as REST shows it. */
export function setDiffView(diff: SetDiff, { dryRun, prune }: ScheduleSet): SetDiffView {
  return { ...diff, pruned: prune && !dryRun, dry_run: dryRun };
}
