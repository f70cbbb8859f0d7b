import { createQueues, QueueOptions, type QueueAccess } from '@millrace/queue';
import { Metrics } from '@millrace/runtime';
import { migrate, openStore, StoreOptions, SubmitNotices, type Store } from '@millrace/store';
import { FireSlots, ScheduleControl, TaskControl, TaskPolicy, TaskSubmitter } from '@millrace/tasks';
import { testDatabase, testRedis } from '@millrace/testing';
import { SchedulerRegistry } from '@nestjs/schedule';
import { afterAll, beforeAll } from 'vitest';
import { SchedulingOptions } from './scheduling-options';
import { DeclareSchedules } from './declare-schedules';
import { DeclaredSchedules } from './declared-schedules';
import { FireDue } from './fire-due';
import { FunctionRuns } from './function-runs';
import { ObserveSchedules } from './observe-schedules';
import { ReleaseWaiting } from './release-waiting';
import { ScheduleMetrics } from './schedule-metrics';
import { SchedulerMetrics } from './scheduler-metrics';
import { SchedulerService } from './scheduler.service';

/** Open connections to both stores, and what submits through them. */
export interface OpenStores {
  readonly store: Store;
  readonly access: QueueAccess;
  readonly policy: TaskPolicy;
  readonly submitter: TaskSubmitter;
  close(): Promise<void>;
}

/** Opens stores of its own for a spec file, and closes them after its tests. */
export function withStores(opened: (stores: OpenStores) => void): void {
  let close: () => Promise<unknown>;
  beforeAll(async () => {
    const [database, redis] = await Promise.all([testDatabase(), testRedis()]);
    const stores = await openStores(database.url, redis.url, redis.prefix);
    opened(stores);
    close = async () => {
      await stores.close();
      await Promise.all([database.drop(), redis.close()]);
    };
  });
  afterAll(() => close());
}

/** Migrates and opens the given stores. */
async function openStores(databaseUrl: string, redisUrl: string, prefix: string): Promise<OpenStores> {
  await migrate(databaseUrl, () => undefined);
  const store = await openStore(new StoreOptions({ databaseUrl }));
  const access = createQueues(new QueueOptions({ redisUrl, prefix }));
  const policy = new TaskPolicy();
  return {
    store,
    access,
    policy,
    submitter: new TaskSubmitter(store.tasks, store.queries, access.queues, policy),
    close: async () => {
      await access.close();
      await store.close();
    },
  };
}

/** One replica of the scheduler, without its service around it. */
export interface Replica {
  readonly scheduler: SchedulerService;
  readonly declare: DeclareSchedules;
  readonly fire: FireDue;
  readonly observe: ObserveSchedules;
  readonly release: ReleaseWaiting;
  readonly functions: FunctionRuns;
  readonly metrics: Metrics;
}

export function replica(
  { store, access, submitter, policy }: OpenStores,
  notices = silentNotices(),
  settings: Partial<SchedulingOptions> = {},
): Replica {
  const { schedules, tasks, queries, workers } = store;
  const metrics = new Metrics();
  const options = new SchedulingOptions({ application: 'test', scope: 'all', ...settings });
  const declared = new DeclaredSchedules(policy, options);
  const scheduleMetrics = new ScheduleMetrics(metrics);
  const taskControl = new TaskControl(tasks, queries, access.queues, access.cancels);
  const slots = new FireSlots(schedules, tasks, submitter, taskControl, policy);
  const schedulerMetrics = new SchedulerMetrics(metrics);
  const functions = new FunctionRuns(tasks, queries, workers, policy, schedulerMetrics, options);
  const control = new ScheduleControl(schedules, tasks, submitter, policy);
  return {
    scheduler: new SchedulerService(new SchedulerRegistry(), declared, functions, schedulerMetrics),
    declare: new DeclareSchedules(declared, control, schedules, options),
    observe: new ObserveSchedules(schedules, declared, scheduleMetrics, options),
    fire: new FireDue(slots, schedules, declared, notices, scheduleMetrics),
    release: new ReleaseWaiting(slots, declared, scheduleMetrics),
    functions,
    metrics,
  };
}

/** Nobody calls `listen`, so it hears nothing and connects to nothing. */
const silentNotices = () => new SubmitNotices(new StoreOptions({ databaseUrl: 'postgres://nowhere.invalid/none' }));
