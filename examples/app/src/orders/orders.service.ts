import { TaskSubmitter } from '@millrace/tasks';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, IsNull } from 'typeorm';
import { Order } from './order.entity';
import { TooManyOpenOrders } from './order-errors';

const OPEN_ORDERS_LIMIT = 3;

/** Takes orders. */
@Injectable()
export class OrdersService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly tasks: TaskSubmitter,
  ) {}

  /** Stores an order and submits the task that sends its receipt: both, or neither. Throws `TooManyOpenOrders`. */
  async place({ customer, totalCents }: Pick<Order, 'customer' | 'totalCents'>): Promise<Order> {
    return this.dataSource.transaction(async (manager) => {
      const order = await manager.save(manager.create(Order, { customer, totalCents }));
      await this.tasks.submit('send_receipt', { orderId: order.id }, { manager, taskId: `receipt-${order.id}` });

      const open = await manager.countBy(Order, { customer, receiptSentAt: IsNull() });
      if (open > OPEN_ORDERS_LIMIT) throw new TooManyOpenOrders(customer, OPEN_ORDERS_LIMIT);
      return order;
    });
  }

  async find(id: number): Promise<Order | null> {
    return this.dataSource.manager.findOneBy(Order, { id });
  }
}
