import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PutRequest } from './schedule-changes';
import type { NewSlot, ScheduleDefinition, ScheduleRow } from './schedule-row';
import { firing, PAST, putDue, putSchedule, slot, SOON, takeDue } from './schedules.fixture';
import { newSchedule, newTask, outcomeOf, startedTask, testStore, type TestStore } from './store.fixture';
import type { NewTask } from './task-row';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const put = (changes: Partial<PutRequest> = {}) => putSchedule(db, changes);
const due = (definition: Partial<ScheduleDefinition> = {}, changes: Partial<PutRequest> = {}) =>
  putDue(db, definition, changes);
const taking = (limit: number, declared: readonly string[] = []) => takeDue(db, limit, declared);

const newSlot = (schedule: ScheduleRow, changes: Partial<NewSlot> = {}): NewSlot => ({
  scheduleId: schedule.id,
  slotAt: PAST,
  dueAt: PAST,
  outcome: 'waiting',
  origin: 'schedule',
  reason: null,
  taskId: null,
  ...changes,
});

async function insertOf(schedule: ScheduleRow, changes: Partial<NewTask> = {}): Promise<NewTask> {
  const task = newTask({ scheduleId: schedule.id, slotAt: PAST, ...changes });
  await db.store.tasks.insertMany([task]);
  return task;
}

describe('schedules that are due', () => {
  it('are handed to one scheduler each, the longest due first, with what became of them', async () => {
    const [a, b, c] = [await due(), await due(), await due({}, { next: slot(new Date('2025-01-01T00:00:00Z')) })];

    const taken = await Promise.all([taking(2), taking(2), taking(2)]);

    expect(taken.flat().sort()).toEqual([a.name, b.name, c.name].sort());
    expect(taken.find((names) => names.length === 2)?.[0]).toBe(c.name);
    expect(await db.store.schedules.findByName(a.name)).toMatchObject({
      nextSlotAt: null,
      nextRunAt: null,
      lastRunAt: PAST,
      runCount: 1,
      missedCount: 2,
    });
  });

  it('are not those of code that this scheduler does not have', async () => {
    const { name } = await due({}, { source: 'code', declaredBy: 'shop' });

    expect(await taking(10)).toEqual([]);
    expect(await taking(10, [name])).toEqual([name]);
  });

  it('are neither those of another application, though it has one of that name, nor those of operators unless asked', async () => {
    const theirs = await due({}, { source: 'code', declaredBy: 'library' });
    const operators = await due();

    const own = { application: 'shop', declared: [theirs.name, operators.name], scope: 'own' } as const;
    const found = await db.store.schedules.transaction((manager) =>
      db.store.schedules.lockDue({ firing: own, limit: 10 }, manager),
    );

    expect(found.schedules).toEqual([]);
    expect(await taking(10)).toEqual([operators.name]);
  });

  it('say how long until the next one, by the clock of the database', async () => {
    const { name } = await due({}, { source: 'code', declaredBy: 'shop' });
    const others = (await db.store.schedules.list({ orphaned: false }, { pageSize: 200 })).items;
    for (const other of others) await db.store.schedules.pause({ name: other.name }, { reason: null, actor: 'ann' });

    expect(await db.store.schedules.nextRun(firing([]))).toBeNull();
    const at = new Date((await db.store.schedules.now()).getTime() + 60_000);
    await db.store.schedules.resume({ name, actor: 'ann', next: slot(at) });

    const next = await db.store.schedules.nextRun(firing([name]));
    expect(next?.at).toEqual(at);
    expect(next?.inMs).toBeGreaterThan(50_000);
    expect(next?.inMs).toBeLessThanOrEqual(60_000);
  });

  it('are paused with a note in the audit log when the scheduler says so', async () => {
    const { id, name } = await due();

    await db.store.schedules.transaction((manager) =>
      db.store.schedules.advance(
        [{ scheduleId: id, next: slot(SOON), lastRunAt: null, runs: 0, missed: 0, pauseReason: 'failed 3 times' }],
        manager,
      ),
    );

    expect(await db.store.schedules.findByName(name)).toMatchObject({
      paused: true,
      pauseReason: 'failed 3 times',
      lastRunAt: null,
    });
    expect(await db.store.schedules.auditOf(name, { limit: 1 })).toMatchObject([
      { actor: 'scheduler', action: 'pause_schedule', detail: { reason: 'failed 3 times' } },
    ]);
  });
});

describe('a slot', () => {
  it('is recorded once', async () => {
    const schedule = await put();

    const inserted = await Promise.all(
      [1, 2, 3].map(() =>
        db.store.schedules.transaction((manager) => db.store.schedules.insertSlots([newSlot(schedule)], manager)),
      ),
    );

    expect(inserted.map(({ size }) => size).sort()).toEqual([0, 0, 1]);
    expect([...(inserted.find(({ size }) => size > 0) ?? [])]).toEqual([`${schedule.id} ${PAST.getTime()}`]);
  });

  it('that waits is let go when nothing of its schedule is unfinished, once among all schedulers', async () => {
    const schedule = await put({ definition: newSchedule({ overlap: 'cancel_running' }) });
    const running = await startedTask(db.store, { scheduleId: schedule.id });
    const later = new Date(PAST.getTime() + 60_000);
    await db.store.schedules.transaction((manager) =>
      db.store.schedules.insertSlots([newSlot(schedule), newSlot(schedule, { slotAt: later, dueAt: later })], manager),
    );
    const release = () =>
      db.store.schedules.transaction(async (manager) => {
        const slots = await db.store.schedules.lockReleasable({ firing: firing([]), limit: 10 }, manager);
        const mine = slots.filter((one) => one.schedule.id === schedule.id);
        const taken = await db.store.schedules.takeWaiting(
          mine.map(({ slotAt }) => newSlot(schedule, { slotAt, outcome: 'submitted', taskId: randomUUID() })),
          manager,
        );
        if (taken.size > 0) await db.store.tasks.insertMany([newTask({ scheduleId: schedule.id })], manager);
        return taken.size;
      });

    expect(await release()).toBe(0);
    expect(await db.store.schedules.tasksToCancel(10)).toEqual([{ taskId: running.taskId, schedule: schedule.name }]);
    await db.store.tasks.recordOutcomes([outcomeOf(running)]);
    const released = await Promise.all([release(), release()]);

    expect(released.sort()).toEqual([0, 1]);
    const again = newSlot(schedule, { outcome: 'submitted', taskId: randomUUID() });
    const late = await db.store.schedules.transaction((manager) => db.store.schedules.takeWaiting([again], manager));
    expect(late.size).toBe(0);
    expect((await db.store.schedules.runs(schedule.id, { limit: 9 })).map(({ outcome }) => outcome)).toEqual([
      'waiting',
      'submitted',
    ]);
    await db.store.schedules.transaction((manager) => db.store.schedules.skipWaiting([schedule.id], manager));
    expect((await db.store.schedules.runs(schedule.id, { limit: 1 }))[0]).toMatchObject({
      outcome: 'skipped',
      slotAt: later,
    });
  });

  it('is listed with its task, its lateness and how the task ended', async () => {
    const schedule = await put();
    const failed = await startedTask(db.store, { scheduleId: schedule.id });
    await db.store.tasks.recordOutcomes([
      outcomeOf(failed, {
        outcome: 'failed',
        status: 'failed',
        resultJson: null,
        errorCode: 'handler_error',
        errorMessage: 'x',
      }),
    ]);
    const waiting = await insertOf(schedule);
    const at = (minute: number) => new Date(PAST.getTime() + minute * 60_000);
    await db.store.schedules.transaction((manager) =>
      db.store.schedules.insertSlots(
        [
          newSlot(schedule, { slotAt: at(1), outcome: 'submitted', taskId: failed.taskId }),
          newSlot(schedule, {
            slotAt: at(2),
            outcome: 'submitted',
            taskId: waiting.taskId,
            origin: 'trigger',
            dueAt: SOON,
          }),
          newSlot(schedule, { slotAt: at(3), outcome: 'skipped' }),
        ],
        manager,
      ),
    );

    const runs = await db.store.schedules.runs(schedule.id, { limit: 10 });

    expect(runs).toMatchObject([
      { slotAt: at(3), outcome: 'skipped', taskId: null, status: null },
      { slotAt: at(2), outcome: 'submitted', origin: 'trigger', status: 'pending', lateMs: 0 },
      {
        slotAt: at(1),
        taskId: failed.taskId,
        taskDbId: failed.id,
        status: 'failed',
        errorCode: 'handler_error',
        attempt: 1,
      },
    ]);
    expect(runs[2]?.lateMs).toBeGreaterThan(0);
    expect(await db.store.schedules.runs(schedule.id, { limit: 10, before: at(2) })).toHaveLength(1);
    const facts = await db.store.schedules.transaction(async (manager) => [
      await db.store.schedules.underWay([schedule.id], manager),
      await db.store.schedules.recentOutcomes([{ id: schedule.id, count: 1, since: schedule.updatedAt }], manager),
    ]);
    expect(facts).toEqual([
      new Map([[schedule.id, { unfinished: 1, waiting: 0 }]]),
      new Map([[schedule.id, ['failed']]]),
    ]);
  });
});
