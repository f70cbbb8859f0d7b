import { QueueModule, QueueOptions } from '@millrace/queue';
import { answerTo, storeHealth } from '@millrace/runtime';
import { StoreModule, StoreOptions } from '@millrace/store';
import { TaskPolicy, TaskStores, TasksModule } from '@millrace/tasks';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { CreateOrders1795500000000 } from './orders/create-orders';
import { Order } from './orders/order.entity';
import { TooManyOpenOrders } from './orders/order-errors';
import { OrdersModule } from './orders/orders.module';
import { ReceiptsModule } from './receipts/receipts.module';
import { ReportsModule } from './reports/reports.module';
import { ShopConfig } from './shop.config';

const inject = [ShopConfig];

/** The shop: its own tables and pool of connections, and Millrace's three modules to submit tasks beside them. */
@Module({
  imports: [
    TypeOrmModule.forRootAsync({
      inject,
      useFactory: ({ databaseUrl }: ShopConfig) => ({
        type: 'postgres',
        url: databaseUrl,
        entities: [Order],
        migrations: [CreateOrders1795500000000],
        migrationsRun: true,
      }),
    }),
    StoreModule.forRoot({
      inject,
      useFactory: ({ databaseUrl }: ShopConfig) => new StoreOptions({ databaseUrl, applicationName: 'shop' }),
    }),
    QueueModule.forRoot({
      inject,
      useFactory: ({ redisUrl, queueRedisPrefix }: ShopConfig) =>
        new QueueOptions({ redisUrl, prefix: queueRedisPrefix }),
    }),
    TasksModule.forRoot({
      // A queue of its own, which other workers do not serve: they would have no handler for it.
      useFactory: () =>
        new TaskPolicy({
          routes: [
            { pattern: 'send_receipt', queue: 'receipts' },
            { pattern: 'day_report', queue: 'receipts' },
          ],
        }),
    }),
    OrdersModule,
    ReceiptsModule,
    ReportsModule,
  ],
  // Orders are taken without Redis; receipts wait for it.
  providers: [storeHealth(TaskStores, 'helpful')],
})
export class ShopModule {}

/** What the runtime needs to know about this service. */
export const SHOP_SERVICE = {
  service: 'shop',
  version: '1.0.0',
  errors: [
    answerTo(TooManyOpenOrders, ({ message }) => ({ status: 409, code: 'too-many-open-orders', detail: message })),
  ],
};
