import type { Json } from '@millrace/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import { bigintNumber } from './bigint-number';

/** A row of `schedules`: a rule that submits tasks over time. */
@Entity({ name: 'schedules', synchronize: false })
export class ScheduleEntity {
  @PrimaryColumn({ name: 'id', type: 'bigint', transformer: bigintNumber })
  readonly id!: number;

  @Column({ name: 'name', type: 'text' })
  readonly name!: string;

  @Column({ name: 'spec', type: 'text' })
  readonly spec!: string;

  @Column({ name: 'type', type: 'text' })
  readonly type!: string;

  @Column({ name: 'payload', type: 'jsonb' })
  readonly payload!: Json;

  @Column({ name: 'queue', type: 'text', nullable: true })
  readonly queue!: string | null;

  @Column({ name: 'created_at', type: 'timestamptz' })
  readonly createdAt!: Date;

  @Column({ name: 'updated_at', type: 'timestamptz' })
  readonly updatedAt!: Date;
}
