import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { CellDuty } from '@millrace/runtime';
import { HandlerRegistry } from './handler-registry';
import { CellSeat } from './isolation/cell-seat';
import { RunnerOptions } from './runner-options';
import { Tally } from './tally';
import { Worker } from './worker';

/** The worker engine for a service; needs `StoreModule`, `QueueModule`, `TasksModule` and the service's runtime. */
@Module({})
export class RunnerModule {
  static forRoot({
    inject = [],
    useFactory,
  }: Pick<FactoryProvider<RunnerOptions>, 'inject' | 'useFactory'>): DynamicModule {
    return {
      module: RunnerModule,
      global: true,
      imports: [DiscoveryModule],
      providers: [
        { provide: RunnerOptions, inject, useFactory },
        HandlerRegistry,
        Tally,
        Worker,
        { provide: CellDuty, useClass: CellSeat },
      ],
      exports: [RunnerOptions, HandlerRegistry, Tally, Worker],
    };
  }
}
