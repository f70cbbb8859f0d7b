import { Module } from '@nestjs/common';
import { ScheduleController } from './schedule.controller';
import { SchedulesController } from './schedules.controller';
import { WriteSchedules } from './write-schedules';

/** Keeps schedules: their rules, their state, what became of their slots. */
@Module({
  controllers: [SchedulesController, ScheduleController],
  providers: [WriteSchedules],
})
export class SchedulesModule {}
