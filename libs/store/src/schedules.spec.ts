import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PutRequest } from './schedule-changes';
import type { Firing, NewSlot, ScheduleDefinition, ScheduleRow } from './schedule-row';
import { StoreOptions } from './store-options';
import { newSchedule, newTask, outcomeOf, startedTask, testStore, type TestStore } from './store.fixture';
import { SubmitNotices } from './submit-notices';
import type { NewTask } from './task-row';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const SOON = new Date('2126-01-01T00:00:00Z');
const PAST = new Date('2026-01-01T00:00:00Z');
const slot = (at: Date) => ({ slotAt: at, runAt: at });

function request(changes: Partial<PutRequest> = {}): PutRequest {
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

async function put(changes: Partial<PutRequest> = {}): Promise<ScheduleRow> {
  const result = await db.store.schedules.put(request(changes));
  if ('schedule' in result) return result.schedule;
  throw new Error(`not put: ${result.kind}`);
}

const due = (definition: Partial<ScheduleDefinition> = {}, changes: Partial<PutRequest> = {}): Promise<ScheduleRow> =>
  put({ definition: newSchedule(definition), next: slot(PAST), ...changes });

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

/** A scheduler of the shop. */
const firing = (declared: readonly string[]): Firing => ({ application: 'shop', declared, scope: 'all' });

/** Locks what is due, hands it over, and moves it out of the way of the other tests. */
const taking = (limit: number, declared: readonly string[] = []): Promise<string[]> =>
  db.store.schedules.transaction(async (manager) => {
    const { schedules } = await db.store.schedules.lockDue({ firing: firing(declared), limit }, manager);
    await db.store.schedules.advance(
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

describe('a schedule', () => {
  it('comes back as it was put', async () => {
    const definition = newSchedule({
      payload: { big: 1, nested: [null] },
      queue: 'mail',
      priority: 9,
      userId: 'u1',
      maxRetry: 1,
      retryDelayMs: 10,
      backoff: { type: 'exponential', maxMs: 60_000 },
      timeoutMs: 5_000,
      cron: ['0 6 * * *', '@yearly'],
      timezone: 'Asia/Tokyo',
      exclude: ['12-25'],
      startsAt: PAST,
      endsAt: SOON,
      maxRuns: 7,
      jitterMs: 1_000,
      misfire: 'all',
      misfireWindowMs: 1,
      misfireLimit: 2,
      overlap: 'queue_all',
      pauseAfterFailures: 3,
    });

    const put1 = await put({ definition });

    expect(put1).toMatchObject({
      ...definition,
      version: 1,
      nextSlotAt: SOON,
      nextRunAt: SOON,
      paused: false,
      source: 'api',
    });
    expect(await db.store.schedules.findByName(put1.name)).toEqual(put1);
    expect(await put({ definition: newSchedule({ payload: null }) })).toMatchObject({ payload: null });
  });

  it('keeps its version when nothing changes, and raises it with every change', async () => {
    const { name } = await put();

    const same = await db.store.schedules.put(request({ name }));
    const changed = await db.store.schedules.put(
      request({ name, definition: newSchedule({ priority: 5 }), actor: 'bob' }),
    );

    expect(same).toMatchObject({ kind: 'unchanged', schedule: { version: 1 } });
    expect(changed).toMatchObject({ kind: 'replaced', schedule: { version: 2, priority: 5 } });
    expect(await db.store.schedules.versions(name, { limit: 10 })).toMatchObject([
      { version: 2, actor: 'bob', action: 'replace', definition: { priority: 5, cron: ['@hourly'], payload: {} } },
      { version: 1, actor: 'ann', action: 'create', definition: { priority: 0 } },
    ]);
  });

  it('keeps the slot that comes next unless its moments change', async () => {
    const { name } = await due();

    const payload = await put({ name, definition: newSchedule({ payload: { a: 1 } }) });
    const moments = await put({ name, definition: newSchedule({ timezone: 'Asia/Tokyo' }) });

    expect(payload.nextSlotAt).toEqual(PAST);
    expect(moments.nextSlotAt).toEqual(SOON);
  });

  it('is replaced and deleted only in the version that was meant', async () => {
    const { name } = await put();
    const { schedules } = db.store;

    expect(await schedules.put(request({ name, version: 2 }))).toEqual({
      kind: 'version_mismatch',
      version: 1,
    });
    expect(await schedules.put(request({ version: 1 }))).toEqual({ kind: 'missing' });
    expect(await schedules.put(request({ mode: 'replace' }))).toEqual({ kind: 'missing' });
    expect(await schedules.put(request({ name, mode: 'create' }))).toEqual({ kind: 'name_taken' });
    expect(await schedules.remove({ name, actor: 'ann', version: 2 })).toEqual({ version: 1 });
    expect(await schedules.remove({ name, actor: 'ann', version: 1 })).toBe('removed');
    expect(await schedules.remove({ name, actor: 'ann' })).toBe('missing');
    expect((await db.store.schedules.auditOf(name, { limit: 10 })).map(({ action, actor }) => [action, actor])).toEqual(
      [
        ['delete_schedule', 'ann'],
        ['create_schedule', 'ann'],
      ],
    );
  });

  it('is created once by many at a time', async () => {
    const name = randomUUID();

    const puts = await Promise.all(Array.from({ length: 6 }, () => db.store.schedules.put(request({ name }))));

    expect(puts.filter(({ kind }) => kind === 'created')).toHaveLength(1);
    expect(puts.filter(({ kind }) => kind === 'unchanged')).toHaveLength(5);
  });

  it('pauses with a reason and goes on with the slot it is given', async () => {
    const { name } = await due({ type: 'pausing' });
    const why = { reason: 'holidays', actor: 'ann' };

    expect(await db.store.schedules.pause({ type: 'pausing' }, why)).toMatchObject([
      { name, paused: true, pauseReason: 'holidays' },
    ]);
    expect(await db.store.schedules.pause({ name }, why)).toEqual([]);
    expect(await taking(10)).toEqual([]);
    const resumed = await db.store.schedules.resume({ name, actor: 'bob', next: slot(SOON) });

    expect(resumed).toMatchObject({ paused: false, pauseReason: null, nextSlotAt: SOON, version: 1 });
    expect(await db.store.schedules.resume({ name, actor: 'bob', next: slot(SOON) })).toBeNull();
    expect((await db.store.schedules.auditOf(name, { limit: 2 })).map(({ action }) => action)).toEqual([
      'resume_schedule',
      'pause_schedule',
    ]);
  });

  it('that is made, changed or resumed is told to whoever listens', async () => {
    const notices = new SubmitNotices(new StoreOptions({ databaseUrl: db.url }));
    let heard = 0;
    notices.onScheduleChange(() => (heard += 1));
    await notices.listen(() => undefined);

    const { name } = await put();
    await put({ name, definition: newSchedule({ priority: 1 }) });
    await put({ name, definition: newSchedule({ priority: 1 }) });
    await db.store.schedules.pause({ name }, { reason: null, actor: 'ann' });
    await db.store.schedules.resume({ name, actor: 'ann', next: slot(SOON) });

    await expect.poll(() => heard, { timeout: 5_000 }).toBe(3);
    await notices.onApplicationShutdown();
  });

  it('is listed by name, page by page, and by what it is', async () => {
    for (const name of ['list-c', 'list-a', 'list-b']) await put({ name, definition: newSchedule({ type: 'listed' }) });
    await db.store.schedules.pause({ name: 'list-b' }, { reason: null, actor: 'ann' });

    const first = await db.store.schedules.list({ type: 'listed' }, { pageSize: 2 });
    const second = await db.store.schedules.list({ type: 'listed' }, { pageSize: 2, cursor: first.nextCursor ?? '' });
    const names = async (filter: object) =>
      (await db.store.schedules.list({ q: 'list-', ...filter }, { pageSize: 9 })).items.map(({ name }) => name);

    expect(first).toMatchObject({ total: 3, nextCursor: 'list-b', items: [{ name: 'list-a' }, { name: 'list-b' }] });
    expect(second).toMatchObject({ nextCursor: null, items: [{ name: 'list-c' }] });
    expect(await names({ paused: true })).toEqual(['list-b']);
    expect(await names({ paused: false, source: 'api', orphaned: false })).toEqual(['list-a', 'list-c']);
  });
});

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
