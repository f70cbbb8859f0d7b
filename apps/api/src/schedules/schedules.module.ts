import { Module } from '@nestjs/common';
import { ScheduleBulkController } from './schedule-bulk.controller';
import { ScheduleControlController } from './schedule-control.controller';
import { ScheduleHistoryController } from './schedule-history.controller';
import { ApplySchedules } from './apply-schedules';
import { ScheduleSetController } from './schedule-set.controller';
import { ScheduleController } from './schedule.controller';
import { SchedulesController } from './schedules.controller';
import { WriteSchedules } from './write-schedules';

/** Keeps schedules: their rules, their state, what became of their slots. */
@Module({
  controllers: [
    SchedulesController,
    ScheduleBulkController,
    ScheduleSetController,
    ScheduleController,
    ScheduleControlController,
    ScheduleHistoryController,
  ],
  providers: [WriteSchedules, ApplySchedules],
})
export class SchedulesModule {}
