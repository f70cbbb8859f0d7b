import { Module } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { DeclaredSchedules } from './declared-schedules';
import { FunctionRuns } from './function-runs';
import { ScheduleExplorer } from './schedule-explorer';
import { ScheduleMetrics } from './schedule-metrics';
import { SchedulerLifecycle } from './scheduler-lifecycle';
import { SchedulerMetrics } from './scheduler-metrics';
import { SchedulerService } from './scheduler.service';

/** The scheduler, and Nest's own `@Cron`, `@Interval` and `@Timeout` for functions of one process. */
@Module({
  imports: [ScheduleModule.forRoot(), DiscoveryModule],
  providers: [
    SchedulerService,
    DeclaredSchedules,
    FunctionRuns,
    ScheduleMetrics,
    SchedulerMetrics,
    ScheduleExplorer,
    SchedulerLifecycle,
  ],
  exports: [SchedulerService, DeclaredSchedules, FunctionRuns, ScheduleMetrics],
})
export class SchedulingModule {}
