import { RunnerModule, RunnerOptions } from '@millrace/runner';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Order } from '../orders/order.entity';
import { ShopConfig } from '../shop.config';
import { SendReceiptHandler } from './send-receipt.handler';

/** Runs the shop's handlers: what makes this process a worker too. */
@Module({
  imports: [
    TypeOrmModule.forFeature([Order]),
    RunnerModule.forRoot({
      inject: [ShopConfig],
      useFactory: ({ receiptsEnabled, shutdownTimeoutMs }: ShopConfig) =>
        new RunnerOptions({
          enabled: receiptsEnabled,
          workers: 5,
          queues: new Map([['receipts', 1]]),
          shutdownTimeoutMs,
        }),
    }),
  ],
  providers: [SendReceiptHandler],
})
export class ReceiptsModule {}
