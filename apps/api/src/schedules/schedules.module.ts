import { Module } from '@nestjs/common';
import { ScheduleBulkController } from './schedule-bulk.controller';
import { ScheduleControlController } from './schedule-control.controller';
import { ScheduleHistoryController } from './schedule-history.controller';
import { ScheduleController } from './schedule.controller';
import { SchedulesController } from './schedules.controller';
import { WriteSchedules } from './write-schedules';

/** Keeps schedules: their rules, their state, what became of their slots. */
@Module({
  controllers: [
    SchedulesController,
    ScheduleBulkController,
    ScheduleController,
    ScheduleControlController,
    ScheduleHistoryController,
  ],
  providers: [WriteSchedules],
})
export class SchedulesModule {}
