import type { Backoff, ErrorCode, Json, TaskStatus, TraceContext } from '@millrace/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { TaskRow } from '../task-row';
import { bigintNumber } from './bigint-number';

/** A row of `tasks`; what each column means is said by the table's own comments. */
@Entity({ name: 'tasks', synchronize: false })
export class TaskEntity implements TaskRow {
  @PrimaryColumn({ name: 'id', type: 'bigint', transformer: bigintNumber })
  readonly id!: number;

  @Column({ name: 'task_id', type: 'text' })
  readonly taskId!: string;

  @Column({ name: 'type', type: 'text' })
  readonly type!: string;

  @Column({ name: 'queue', type: 'text' })
  readonly queue!: string;

  @Column({ name: 'status', type: 'text' })
  readonly status!: TaskStatus;

  @Column({ name: 'priority', type: 'smallint' })
  readonly priority!: number;

  @Column({ name: 'user_id', type: 'text', nullable: true })
  readonly userId!: string | null;

  @Column({ name: 'payload', type: 'jsonb' })
  readonly payload!: Json;

  @Column({ name: 'result', type: 'jsonb', nullable: true })
  readonly result!: Json;

  @Column({ name: 'progress', type: 'jsonb', nullable: true })
  readonly progress!: Json;

  @Column({ name: 'retry_count', type: 'integer' })
  readonly retryCount!: number;

  @Column({ name: 'max_retry', type: 'integer' })
  readonly maxRetry!: number;

  @Column({ name: 'retry_delay_ms', type: 'bigint', transformer: bigintNumber })
  readonly retryDelayMs!: number;

  @Column({ name: 'backoff', type: 'jsonb', nullable: true })
  readonly backoff!: Backoff | null;

  @Column({ name: 'timeout_ms', type: 'bigint', nullable: true, transformer: bigintNumber })
  readonly timeoutMs!: number | null;

  @Column({ name: 'attempt', type: 'integer' })
  readonly attempt!: number;

  @Column({ name: 'crash_count', type: 'integer' })
  readonly crashCount!: number;

  @Column({ name: 'error_message', type: 'text', nullable: true })
  readonly errorMessage!: string | null;

  @Column({ name: 'error_code', type: 'text', nullable: true })
  readonly errorCode!: ErrorCode | null;

  @Column({ name: 'worker_id', type: 'text', nullable: true })
  readonly workerId!: string | null;

  @Column({ name: 'schedule_id', type: 'bigint', nullable: true, transformer: bigintNumber })
  readonly scheduleId!: number | null;

  @Column({ name: 'slot_at', type: 'timestamptz', nullable: true })
  readonly slotAt!: Date | null;

  @Column({ name: 'unique_key', type: 'text', nullable: true })
  readonly uniqueKey!: string | null;

  @Column({ name: 'run_at', type: 'timestamptz' })
  readonly runAt!: Date;

  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  readonly expiresAt!: Date | null;

  @Column({ name: 'cancel_requested_at', type: 'timestamptz', nullable: true })
  readonly cancelRequestedAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  readonly updatedAt!: Date;

  @Column({ name: 'started_at', type: 'timestamptz', nullable: true })
  readonly startedAt!: Date | null;

  @Column({ name: 'finished_at', type: 'timestamptz', nullable: true })
  readonly finishedAt!: Date | null;

  @Column({ name: 'trace', type: 'jsonb', nullable: true })
  readonly trace!: TraceContext | null;
}
