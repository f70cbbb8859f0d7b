import { Module, type DynamicModule, type InjectionToken } from '@nestjs/common';
import { FireSlots } from './fire-slots';
import { ScheduleControl } from './schedule-control';
import { TaskControl } from './task-control';
import { TaskPolicy } from './task-policy';
import { TaskStores } from './task-stores';
import { TaskSubmitter } from './task-submitter';

/** Submit, retry and cancel for a service; needs `StoreModule` and `QueueModule`. */
@Module({})
export class TasksModule {
  static forRoot<Injected extends unknown[]>(settings: {
    readonly inject?: InjectionToken[];
    readonly useFactory: (...injected: Injected) => TaskPolicy;
  }): DynamicModule {
    return {
      module: TasksModule,
      global: true,
      providers: [
        { provide: TaskPolicy, useFactory: settings.useFactory, inject: settings.inject ?? [] },
        TaskSubmitter,
        TaskControl,
        TaskStores,
        ScheduleControl,
        FireSlots,
      ],
      exports: [TaskPolicy, TaskSubmitter, TaskControl, TaskStores, ScheduleControl, FireSlots],
    };
  }
}
