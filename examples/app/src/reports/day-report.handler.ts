import { readPayload, TaskHandler, type Handler } from '@millrace/runner';
import { ScheduledTask } from '@millrace/scheduling';
import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsISO8601 } from 'class-validator';
import { Between, Repository } from 'typeorm';
import { Order } from '../orders/order.entity';

const DAY_MS = 86_400_000;

class DayReportPayload {
  @IsISO8601()
  until!: string;
}

export interface DayReport {
  readonly orders: number;
  readonly totalCents: number;
}

/** Adds up the orders of the 24 hours before a moment, and declares when that is wanted. */
@Injectable()
@TaskHandler('day_report', { timeout: '1m', description: 'Adds up the orders of a day.' })
export class DayReportHandler implements Handler<unknown, DayReport> {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  /** Every midnight. After an outage of the shop each day it missed is made up for, up to a week. */
  @ScheduledTask('0 0 * * *', {
    name: 'shop.day-report',
    type: 'day_report',
    options: { timezone: 'Europe/Berlin', misfire: 'all', misfireWindow: '7d', overlap: 'queue_all' },
  })
  payload(slotAt: Date) {
    return { until: slotAt.toISOString() };
  }

  async handle(payload: unknown): Promise<DayReport> {
    const until = new Date(readPayload(DayReportPayload, payload).until);
    const orders = await this.orders.findBy({ createdAt: Between(new Date(until.getTime() - DAY_MS), until) });
    return { orders: orders.length, totalCents: orders.reduce((sum, { totalCents }) => sum + totalCents, 0) };
  }
}
