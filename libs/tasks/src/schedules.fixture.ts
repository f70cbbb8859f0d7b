import type { QueueAccess } from '@millrace/queue';
import type { ScheduleRow, Store } from '@millrace/store';
import { FireSlots } from './fire-slots';
import { ScheduleControl } from './schedule-control';
import { draftSchedule, type ScheduleInput } from './schedule-input';
import type { DeclaredSlots, SlotMakers } from './slot-task';
import { testStores } from './stores.fixture';
import { TaskControl } from './task-control';
import { testWorker } from './test-worker.fixture';

/** A process that fires everything, and schedules of code by these. */
export const firing = (makers: SlotMakers = new Map()): DeclaredSlots => ({
  application: 'test',
  scope: 'all',
  makers,
});

/** Everything that schedules need, on stores of its own. */
export interface TestSchedules {
  readonly store: Store;
  readonly access: QueueAccess;
  readonly control: ScheduleControl;
  readonly fire: FireSlots;
  /** Makes a schedule whose next slot is the given one, which may be past. */
  put(name: string, input: Partial<ScheduleInput>, nextSlotAt: Date): Promise<ScheduleRow>;
  find(name: string): Promise<ScheduleRow>;
  /** Slots of a schedule as `outcome` and task status, oldest first. */
  runs(name: string): Promise<(readonly [string, string | null])[]>;
  /** Starts and ends the waiting tasks of a schedule; answers how many. */
  work(name: string, status: 'success' | 'failed'): Promise<number>;
  close(): Promise<void>;
}

export async function testSchedules(): Promise<TestSchedules> {
  const stores = await testStores();
  const { store, access, policy, submitter } = stores;
  const { schedules, tasks, queries } = store;
  const taskControl = new TaskControl(tasks, queries, access.queues, access.cancels);
  const worker = testWorker(stores);

  const find = async (name: string) => {
    const schedule = await schedules.findByName(name);
    if (!schedule) throw new Error(`no schedule ${name}`);
    return schedule;
  };
  const items = async (name: string, status: 'all' | 'pending') => {
    const { id } = await find(name);
    return (await queries.list({ status, scheduleId: id }, { page: 1, pageSize: 200 })).items;
  };

  return {
    store,
    access,
    control: new ScheduleControl(schedules, tasks, submitter, policy),
    fire: new FireSlots(schedules, tasks, submitter, taskControl, policy),
    find,
    put: async (name, input, nextSlotAt) => {
      const full = { type: 'noop', payload: {}, ...((input.at ?? input.every) ? {} : { cron: '* * * * *' }), ...input };
      const definition = draftSchedule(name, full, policy, 'api');
      const next = { slotAt: nextSlotAt, runAt: nextSlotAt };
      const result = await schedules.put({ name, definition, next, actor: 'test', source: 'api', mode: 'any' });
      if (!('schedule' in result)) throw new Error(`not put: ${result.kind}`);
      return result.schedule;
    },
    runs: async (name) => {
      const { id } = await find(name);
      return (await schedules.runs(id, { limit: 200 }))
        .reverse()
        .map(({ outcome, status }) => [outcome, status] as const);
    },
    work: async (name, status) => {
      const started = await worker.start(await items(name, 'pending'));
      await worker.end(started, status);
      return started.length;
    },
    close: () => stores.close(),
  };
}

/** The start of this minute by the database's clock, some minutes away. */
export async function minute({ store }: TestSchedules, offset = 0): Promise<Date> {
  const nowMs = (await store.schedules.now()).getTime();
  return new Date(Math.floor(nowMs / 60_000) * 60_000 + offset * 60_000);
}
