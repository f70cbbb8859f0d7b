import { Module, type DynamicModule, type Type } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import { HealthController } from './health.controller';
import { LoopWatch } from './loop-watch';
import { Metrics } from './metrics';
import { MetricsController } from './metrics.controller';
import type { ErrorTable } from './problem';
import { ProblemFilter } from './problem.filter';
import { Program } from './program';
import { Readiness } from './readiness';
import type { RouteTable } from './route-table';
import { ServiceConfig } from './service.config';
import { Shutdown } from './shutdown';

export interface RuntimeParts<C extends ServiceConfig> {
  readonly Config: Type<C>;
  readonly config: Readonly<C>;
  readonly errors: ErrorTable;
  readonly routes: RouteTable;
  readonly program: Program;
}

/** What every service has, injectable everywhere: its configuration, metrics, health, word of the shutdown and of what it is. */
@Module({})
export class RuntimeModule {
  static forRoot<C extends ServiceConfig>({ Config, config, errors, routes, program }: RuntimeParts<C>): DynamicModule {
    const shared = [Metrics, LoopWatch, Readiness, Shutdown];
    return {
      module: RuntimeModule,
      global: true,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [HealthController, MetricsController],
      providers: [
        ...shared,
        { provide: Config, useValue: config },
        { provide: ServiceConfig, useExisting: Config },
        { provide: Program, useValue: program },
        { provide: APP_FILTER, useValue: new ProblemFilter(errors, routes) },
      ],
      exports: [...shared, Config, ServiceConfig, Program],
    };
  }
}
