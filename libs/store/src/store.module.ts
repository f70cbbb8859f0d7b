import { Module, type DynamicModule, type FactoryProvider } from '@nestjs/common';
import { AttemptQueries } from './attempt-queries';
import { CountFolder } from './count-folder';
import { IdempotencyRepository } from './idempotency-repository';
import { LiveVacuum } from './live-vacuum';
import { Partitions } from './partitions';
import { ScheduleRepository } from './schedule-repository';
import { openStore, Store } from './store';
import { StoreOptions } from './store-options';
import { SubmitNotices } from './submit-notices';
import { TaskQueries } from './task-queries';
import { TaskRepository } from './task-repository';
import { WorkerRepository } from './worker-repository';

/** Parts of the open store, each injectable by its class. */
const PARTS: readonly FactoryProvider[] = [
  { provide: TaskRepository, useFactory: (store: Store) => store.tasks, inject: [Store] },
  { provide: TaskQueries, useFactory: (store: Store) => store.queries, inject: [Store] },
  { provide: AttemptQueries, useFactory: (store: Store) => store.attempts, inject: [Store] },
  { provide: WorkerRepository, useFactory: (store: Store) => store.workers, inject: [Store] },
  { provide: ScheduleRepository, useFactory: (store: Store) => store.schedules, inject: [Store] },
  { provide: IdempotencyRepository, useFactory: (store: Store) => store.idempotency, inject: [Store] },
  { provide: CountFolder, useFactory: (store: Store) => store.counts, inject: [Store] },
  { provide: LiveVacuum, useFactory: (store: Store) => store.liveVacuum, inject: [Store] },
  { provide: Partitions, useFactory: (store: Store) => store.partitions, inject: [Store] },
  {
    provide: SubmitNotices,
    useFactory: (options: StoreOptions) => new SubmitNotices(options),
    inject: [StoreOptions],
  },
];

/** Gives every module of a service the record; it is closed at the end of the service's shutdown. */
@Module({})
export class StoreModule {
  static forRoot(options: Pick<FactoryProvider<StoreOptions>, 'inject' | 'useFactory'>): DynamicModule {
    return {
      module: StoreModule,
      global: true,
      providers: [
        { provide: StoreOptions, ...options },
        { provide: Store, useFactory: openStore, inject: [StoreOptions] },
        ...PARTS,
      ],
      exports: [Store, ...PARTS.map(({ provide }) => provide)],
    };
  }
}
