import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A type that a worker has a handler for, with the handler's defaults. */
export interface TypeInfo {
  readonly type: string;
  readonly timeoutMs: number | null;
  readonly maxRetry: number | null;
  readonly retryDelayMs: number | null;
  readonly queue: string | null;
  readonly description: string | null;
}

/** A row of `workers`: one running worker process. */
@Entity({ name: 'workers', synchronize: false })
export class WorkerEntity {
  @PrimaryColumn({ name: 'worker_id', type: 'text' })
  readonly workerId!: string;

  @Column({ name: 'host', type: 'text' })
  readonly host!: string;

  @Column({ name: 'pid', type: 'integer' })
  readonly pid!: number;

  @Column({ name: 'version', type: 'text' })
  readonly version!: string;

  @Column({ name: 'queues', type: 'text', array: true })
  readonly queues!: readonly string[];

  @Column({ name: 'concurrency', type: 'integer' })
  readonly concurrency!: number;

  @Column({ name: 'types', type: 'jsonb' })
  readonly types!: readonly TypeInfo[];

  @Column({ name: 'started_at', type: 'timestamptz' })
  readonly startedAt!: Date;

  @Column({ name: 'last_seen', type: 'timestamptz' })
  readonly lastSeen!: Date;
}
