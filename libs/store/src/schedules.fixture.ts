import { randomUUID } from 'node:crypto';
import type { PutRequest } from './schedule-changes';
import type { Firing, ScheduleDefinition, ScheduleRow } from './schedule-row';
import { newSchedule, type TestStore } from './store.fixture';

export const SOON = new Date('2126-01-01T00:00:00Z');
export const PAST = new Date('2026-01-01T00:00:00Z');

export const slot = (at: Date) => ({ slotAt: at, runAt: at });

/** A put of a new schedule that is not due for long. */
export function putRequest(changes: Partial<PutRequest> = {}): PutRequest {
  return {
    name: randomUUID(),
    definition: newSchedule(),
    next: slot(SOON),
    actor: 'ann',
    source: 'api',
    mode: 'any',
    ...changes,
  };
}

export async function putSchedule({ store }: TestStore, changes: Partial<PutRequest> = {}): Promise<ScheduleRow> {
  const result = await store.schedules.put(putRequest(changes));
  if ('schedule' in result) return result.schedule;
  throw new Error(`not put: ${result.kind}`);
}

/** Puts a schedule with a slot that is due. */
export const putDue = (
  db: TestStore,
  definition: Partial<ScheduleDefinition> = {},
  changes: Partial<PutRequest> = {},
): Promise<ScheduleRow> => putSchedule(db, { definition: newSchedule(definition), next: slot(PAST), ...changes });

/** A scheduler of the shop. */
export const firing = (declared: readonly string[]): Firing => ({ application: 'shop', declared, scope: 'all' });

/** Locks what is due, hands it over, and moves it out of the way of the other tests. */
export const takeDue = ({ store }: TestStore, limit: number, declared: readonly string[] = []): Promise<string[]> =>
  store.schedules.transaction(async (manager) => {
    const { schedules } = await store.schedules.lockDue({ firing: firing(declared), limit }, manager);
    await store.schedules.advance(
      schedules.map(({ id }) => ({
        scheduleId: id,
        next: null,
        lastRunAt: PAST,
        runs: 1,
        missed: 2,
        pauseReason: null,
      })),
      manager,
    );
    return schedules.map(({ name }) => name);
  });
