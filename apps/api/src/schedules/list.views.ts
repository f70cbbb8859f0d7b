import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { PageView } from '../page.view';
import { ScheduleView } from './schedule.view';

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
