import type { Backoff, Json, MisfirePolicy, OverlapPolicy } from '@millrace/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { ScheduleRow, ScheduleSource } from '../schedule-row';
import { bigintNumber } from './bigint-number';

/** A row of `schedules`; what each column means is said by the table's own comments. */
@Entity({ name: 'schedules', synchronize: false })
export class ScheduleEntity implements ScheduleRow {
  @PrimaryColumn({ name: 'id', type: 'bigint', transformer: bigintNumber })
  readonly id!: number;

  @Column({ name: 'name', type: 'text' })
  readonly name!: string;

  @Column({ name: 'source', type: 'text' })
  readonly source!: ScheduleSource;

  @Column({ name: 'declared_by', type: 'text', nullable: true })
  readonly declaredBy!: string | null;

  @Column({ name: 'type', type: 'text' })
  readonly type!: string;

  @Column({ name: 'payload', type: 'jsonb' })
  readonly payload!: Json;

  @Column({ name: 'queue', type: 'text', nullable: true })
  readonly queue!: string | null;

  @Column({ name: 'priority', type: 'smallint' })
  readonly priority!: number;

  @Column({ name: 'user_id', type: 'text', nullable: true })
  readonly userId!: string | null;

  @Column({ name: 'max_retry', type: 'integer', nullable: true })
  readonly maxRetry!: number | null;

  @Column({ name: 'retry_delay_ms', type: 'bigint', nullable: true, transformer: bigintNumber })
  readonly retryDelayMs!: number | null;

  @Column({ name: 'backoff', type: 'jsonb', nullable: true })
  readonly backoff!: Backoff | null;

  @Column({ name: 'timeout_ms', type: 'bigint', nullable: true, transformer: bigintNumber })
  readonly timeoutMs!: number | null;

  @Column({ name: 'cron', type: 'text', array: true, nullable: true })
  readonly cron!: readonly string[] | null;

  @Column({ name: 'every_ms', type: 'bigint', nullable: true, transformer: bigintNumber })
  readonly everyMs!: number | null;

  @Column({ name: 'phase_ms', type: 'bigint', transformer: bigintNumber })
  readonly phaseMs!: number;

  @Column({ name: 'at', type: 'timestamptz', nullable: true })
  readonly at!: Date | null;

  @Column({ name: 'timezone', type: 'text' })
  readonly timezone!: string;

  @Column({ name: 'exclude', type: 'text', array: true })
  readonly exclude!: readonly string[];

  @Column({ name: 'starts_at', type: 'timestamptz', nullable: true })
  readonly startsAt!: Date | null;

  @Column({ name: 'ends_at', type: 'timestamptz', nullable: true })
  readonly endsAt!: Date | null;

  @Column({ name: 'max_runs', type: 'integer', nullable: true })
  readonly maxRuns!: number | null;

  @Column({ name: 'jitter_ms', type: 'bigint', transformer: bigintNumber })
  readonly jitterMs!: number;

  @Column({ name: 'misfire', type: 'text' })
  readonly misfire!: MisfirePolicy;

  @Column({ name: 'misfire_window_ms', type: 'bigint', transformer: bigintNumber })
  readonly misfireWindowMs!: number;

  @Column({ name: 'misfire_limit', type: 'integer' })
  readonly misfireLimit!: number;

  @Column({ name: 'overlap', type: 'text' })
  readonly overlap!: OverlapPolicy;

  @Column({ name: 'pause_after_failures', type: 'integer', nullable: true })
  readonly pauseAfterFailures!: number | null;

  @Column({ name: 'paused', type: 'boolean' })
  readonly paused!: boolean;

  @Column({ name: 'pause_reason', type: 'text', nullable: true })
  readonly pauseReason!: string | null;

  @Column({ name: 'declared_at', type: 'timestamptz', nullable: true })
  readonly declaredAt!: Date | null;

  @Column({ name: 'orphaned_at', type: 'timestamptz', nullable: true })
  readonly orphanedAt!: Date | null;

  @Column({ name: 'next_slot_at', type: 'timestamptz', nullable: true })
  readonly nextSlotAt!: Date | null;

  @Column({ name: 'next_run_at', type: 'timestamptz', nullable: true })
  readonly nextRunAt!: Date | null;

  @Column({ name: 'last_run_at', type: 'timestamptz', nullable: true })
  readonly lastRunAt!: Date | null;

  @Column({ name: 'run_count', type: 'bigint', transformer: bigintNumber })
  readonly runCount!: number;

  @Column({ name: 'missed_count', type: 'bigint', transformer: bigintNumber })
  readonly missedCount!: number;

  @Column({ name: 'version', type: 'integer' })
  readonly version!: number;

  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  readonly updatedAt!: Date;
}
