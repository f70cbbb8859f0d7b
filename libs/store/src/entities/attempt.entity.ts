import type { AttemptOutcome, ErrorCode } from '@millrace/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { AttemptRow } from '../task-row';

/** A row of `task_attempts`. Superseded answers may repeat an attempt; every other outcome is there once. */
@Entity({ name: 'task_attempts', synchronize: false })
export class AttemptEntity implements AttemptRow {
  @PrimaryColumn({ name: 'task_id', type: 'text' })
  readonly taskId!: string;

  @PrimaryColumn({ name: 'attempt', type: 'integer' })
  readonly attempt!: number;

  @PrimaryColumn({ name: 'outcome', type: 'text' })
  readonly outcome!: AttemptOutcome;

  @Column({ name: 'worker_id', type: 'text', nullable: true })
  readonly workerId!: string | null;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  readonly startedAt!: Date | null;

  @Column({ name: 'finished_at', type: 'timestamptz' })
  readonly finishedAt!: Date | null;

  @Column({ name: 'error_message', type: 'text', nullable: true })
  readonly errorMessage!: string | null;

  @Column({ name: 'error_code', type: 'text', nullable: true })
  readonly errorCode!: ErrorCode | null;
}
