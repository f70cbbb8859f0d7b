import { SchedulingModule, SchedulingOptions } from '@millrace/scheduling';
import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { Order } from '../orders/order.entity';
import { DayReportHandler } from './day-report.handler';

/** The shop's own schedules: recorded under its name, and fired by its own processes. */
@Module({
  imports: [
    TypeOrmModule.forFeature([Order]),
    SchedulingModule.forRoot({ useFactory: () => new SchedulingOptions({ application: 'shop' }) }),
  ],
  providers: [DayReportHandler],
})
export class ReportsModule {}
