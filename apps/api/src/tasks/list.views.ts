import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import { ATTEMPT_OUTCOMES, ERROR_CODES, TASK_STATUSES, type TaskStatus } from '@millrace/contracts';
import { PageView } from '../page.view';
import { TaskView } from './task.view';

/** The filter a list was made with. */
@ApiSchema({ name: 'TaskFilter' })
export class TaskFilterView {
  @ApiProperty({ enum: [...TASK_STATUSES, 'all'] })
  readonly status!: TaskStatus | 'all';

  @ApiProperty({ type: String, required: false })
  readonly type?: string;

  @ApiProperty({ type: String, required: false })
  readonly queue?: string;

  @ApiProperty({ type: String, required: false })
  readonly user_id?: string;

  @ApiProperty({ type: String, required: false })
  readonly schedule?: string;

  @ApiProperty({ type: String, format: 'date-time', required: false })
  readonly created_from?: string;

  @ApiProperty({ type: String, format: 'date-time', required: false })
  readonly created_to?: string;

  @ApiProperty({ type: String, required: false })
  readonly q?: string;
}

@ApiSchema({ name: 'TaskPage' })
export class TaskPageView extends PageView {
  @ApiProperty({ type: [TaskView], description: 'Newest first.' })
  readonly items!: readonly TaskView[];

  @ApiProperty({ enum: ['exact', 'at_least'], description: '`at_least`: there are `total` or more.' })
  readonly total_relation!: 'exact' | 'at_least';

  @ApiProperty({ type: TaskFilterView })
  readonly filter!: TaskFilterView;
}

@ApiSchema({ name: 'TaskStats' })
export class TaskStatsView {
  @ApiProperty({ type: 'integer' })
  readonly pending!: number;

  @ApiProperty({ type: 'integer' })
  readonly processing!: number;

  @ApiProperty({ type: 'integer' })
  readonly success!: number;

  @ApiProperty({ type: 'integer' })
  readonly failed!: number;

  @ApiProperty({ type: 'integer' })
  readonly cancelled!: number;

  @ApiProperty({ type: 'integer' })
  readonly total!: number;
}

@ApiSchema({ name: 'Attempt' })
export class AttemptView {
  @ApiProperty({ type: 'integer' })
  readonly attempt!: number;

  @ApiProperty({ enum: [...ATTEMPT_OUTCOMES, null], nullable: true, description: 'Null while it runs.' })
  readonly outcome!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly worker_id!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly started_at!: string | null;

  @ApiProperty({ type: String, format: 'date-time', nullable: true })
  readonly finished_at!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly error_message!: string | null;

  @ApiProperty({ enum: [...ERROR_CODES, null], nullable: true })
  readonly error_code!: string | null;
}

@ApiSchema({ name: 'Attempts' })
export class AttemptsView {
  @ApiProperty({ type: [AttemptView], description: 'By number, the running one last.' })
  readonly items!: readonly AttemptView[];

  @ApiProperty({ type: 'integer' })
  readonly total!: number;
}

@ApiSchema({ name: 'BulkItem' })
export class BulkItemView {
  @ApiProperty({ type: 'integer' })
  readonly id!: number;

  @ApiProperty({ type: String })
  readonly task_id!: string;
}

@ApiSchema({ name: 'BulkAnswer' })
export class BulkView {
  @ApiProperty({ type: [BulkItemView], description: 'In the order of the request.' })
  readonly items!: readonly BulkItemView[];

  @ApiProperty({ type: 'integer' })
  readonly total!: number;
}
