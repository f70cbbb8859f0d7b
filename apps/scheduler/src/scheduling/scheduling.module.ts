import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { ScheduleExplorer } from './schedule-explorer';
import { SchedulerLifecycle } from './scheduler-lifecycle';
import { SchedulerMetrics } from './scheduler-metrics';
import { SchedulerService } from './scheduler.service';
import { TaskSchedules } from './task-schedules';

/** The scheduler, and Nest's own `@Cron`, `@Interval` and `@Timeout` for functions of one process. */
@Module({
  imports: [ScheduleModule.forRoot(), DiscoveryModule],
  providers: [SchedulerService, TaskSchedules, SchedulerMetrics, ScheduleExplorer, SchedulerLifecycle],
  exports: [SchedulerService],
})
export class SchedulingModule {}
