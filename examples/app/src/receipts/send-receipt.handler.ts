import { NonRetryableError, readPayload, TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsInt } from 'class-validator';
import { IsNull, Repository } from 'typeorm';
import { Order } from '../orders/order.entity';

class ReceiptPayload {
  @IsInt()
  orderId!: number;
}

/** Sends the receipt of an order. */
@Injectable()
@TaskHandler('send_receipt', { timeout: '30s', description: 'Sends the receipt of an order.' })
export class SendReceiptHandler implements Handler<unknown, { customer: string }> {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  async handle(payload: unknown, { task, attempt, log }: TaskContext): Promise<{ customer: string }> {
    const { orderId } = readPayload(ReceiptPayload, payload);
    const order = await this.orders.findOneBy({ id: orderId });
    if (!order) throw new NonRetryableError(`There is no order ${orderId}`);

    // Here a mail would go out, under task.taskId as its idempotency key: a lost worker means a second attempt.
    log.info('Sending a receipt', { orderId, attempt, key: task.taskId });
    await this.orders.update({ id: orderId, receiptSentAt: IsNull() }, { receiptSentAt: new Date() });
    return { customer: order.customer };
  }
}
