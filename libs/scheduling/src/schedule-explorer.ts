import type { Json } from '@millrace/contracts';
import { Injectable } from '@nestjs/common';
import { DiscoveryService, MetadataScanner } from '@nestjs/core';
import { Declared } from './scheduled';
import { SchedulingOptions } from './scheduling-options';
import { SchedulerService } from './scheduler.service';
import type { Fire } from './timed-job';

type Method = (argument: Fire | Date) => unknown;

/** Finds the schedules that are declared on methods of providers and in the options of the module. */
@Injectable()
export class ScheduleExplorer {
  constructor(
    private readonly discovery: DiscoveryService,
    private readonly scanner: MetadataScanner,
    private readonly scheduler: SchedulerService,
    private readonly options: SchedulingOptions,
  ) {}

  /** Adds every declared schedule. Throws what the methods of `SchedulerService` throw that add them. */
  explore(): void {
    for (const [name, input] of Object.entries(this.options.schedules)) this.scheduler.addSchedule(name, input);
    for (const wrapper of this.discovery.getProviders()) {
      const instance: unknown = wrapper.instance;
      if (typeof instance !== 'object' || instance === null || !wrapper.isDependencyTreeStatic()) continue;
      const methods = instance as Record<string, Method>;
      for (const key of this.scanner.getAllMethodNames(Object.getPrototypeOf(instance) as object)) {
        const declaration = this.discovery.getMetadataByDecorator(Declared, wrapper, key);
        if (declaration) this.add(declaration, (argument) => methods[key]?.(argument));
      }
    }
  }

  private add(declaration: Parameters<typeof Declared>[0], call: Method): void {
    if (!declaration) return;
    if (declaration.kind === 'func') {
      return this.scheduler.addFunc(declaration.spec, declaration.name, call, declaration.options);
    }

    const { spec, name, type, options } = declaration;
    const make = async (slotAt: Date) => ({ type, payload: (await call(slotAt)) as Json });
    this.scheduler.addJob(spec, name, make, { type, options });
  }
}
