import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** An order; its receipt is sent by a task. */
@Entity('orders')
export class Order {
  @PrimaryGeneratedColumn('identity')
  id!: number;

  @Column('text')
  customer!: string;

  @Column('integer', { name: 'total_cents' })
  totalCents!: number;

  @Column('timestamptz', { name: 'receipt_sent_at', nullable: true })
  receiptSentAt!: Date | null;

  @CreateDateColumn({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
