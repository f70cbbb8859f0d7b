import { LoopWatch, Metrics, Program } from '@millrace/runtime';
import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { ScheduleModule } from '@nestjs/schedule';
import { DeclareSchedules } from './declare-schedules';
import { DeclaredSchedules } from './declared-schedules';
import type { Duty } from './duty';
import { DutyLoops } from './duty-loops';
import { FireDue } from './fire-due';
import { FunctionRuns } from './function-runs';
import { HoldFunctions } from './hold-functions';
import { ObserveSchedules } from './observe-schedules';
import { ReleaseWaiting } from './release-waiting';
import { ScheduleExplorer } from './schedule-explorer';
import { ScheduleMetrics } from './schedule-metrics';
import { SchedulerLifecycle } from './scheduler-lifecycle';
import { SchedulerMetrics } from './scheduler-metrics';
import { SchedulerService } from './scheduler.service';
import { SchedulingOptions } from './scheduling-options';

const DUTIES = [DeclareSchedules, FireDue, ObserveSchedules, ReleaseWaiting, HoldFunctions];

/**
 * Schedules for a service, and Nest's own `@Cron`, `@Interval` and `@Timeout` for functions of one process; needs
 * `StoreModule`, `QueueModule`, `TasksModule` and the service's runtime.
 */
@Module({})
export class SchedulingModule {
  static forRoot({
    inject = [],
    useFactory,
  }: Pick<FactoryProvider<SchedulingOptions>, 'inject' | 'useFactory'>): DynamicModule {
    return {
      module: SchedulingModule,
      global: true,
      imports: [ScheduleModule.forRoot(), DiscoveryModule],
      providers: [
        { provide: SchedulingOptions, inject, useFactory },
        SchedulerService,
        DeclaredSchedules,
        FunctionRuns,
        ScheduleMetrics,
        SchedulerMetrics,
        ScheduleExplorer,
        SchedulerLifecycle,
        ...DUTIES,
        {
          provide: DutyLoops,
          inject: [Metrics, LoopWatch, Program, ...DUTIES],
          useFactory: (metrics: Metrics, watch: LoopWatch, program: Program, ...duties: Duty[]) =>
            new DutyLoops(duties, metrics, watch, program),
        },
      ],
      exports: [SchedulerService, DutyLoops],
    };
  }
}
