import { Body, Controller, Get, NotFoundException, Param, ParseIntPipe, Post, ValidationPipe } from '@nestjs/common';
import { IsEmail, IsInt, Max, Min } from 'class-validator';
import type { Order } from './order.entity';
import { OrdersService } from './orders.service';

class NewOrder {
  @IsEmail()
  customer!: string;

  @IsInt()
  @Min(1)
  @Max(100_000_000)
  totalCents!: number;
}

const VALID = new ValidationPipe({ transform: true, whitelist: true, forbidNonWhitelisted: true });

/** Orders over HTTP. */
@Controller('orders')
export class OrdersController {
  constructor(private readonly orders: OrdersService) {}

  @Post()
  async place(@Body(VALID) order: NewOrder): Promise<Order> {
    return this.orders.place(order);
  }

  @Get(':id')
  async find(@Param('id', ParseIntPipe) id: number): Promise<Order> {
    const order = await this.orders.find(id);
    if (!order) throw new NotFoundException(`There is no order ${id}.`);
    return order;
  }
}
