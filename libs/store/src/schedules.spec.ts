import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PutRequest } from './schedule-changes';
import { PAST, putDue, putRequest, putSchedule, slot, SOON, takeDue } from './schedules.fixture';
import { newSchedule, testStore, type TestStore } from './store.fixture';
import { StoreOptions } from './store-options';
import { SubmitNotices } from './submit-notices';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const put = (changes: Partial<PutRequest> = {}) => putSchedule(db, changes);

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

    const same = await db.store.schedules.put(putRequest({ name }));
    const changed = await db.store.schedules.put(
      putRequest({ name, definition: newSchedule({ priority: 5 }), actor: 'bob' }),
    );

    expect(same).toMatchObject({ kind: 'unchanged', schedule: { version: 1 } });
    expect(changed).toMatchObject({ kind: 'replaced', schedule: { version: 2, priority: 5 } });
    expect(await db.store.schedules.versions(name, { limit: 10 })).toMatchObject([
      { version: 2, actor: 'bob', action: 'replace', definition: { priority: 5, cron: ['@hourly'], payload: {} } },
      { version: 1, actor: 'ann', action: 'create', definition: { priority: 0 } },
    ]);
  });

  it('keeps the slot that comes next unless its moments change', async () => {
    const { name } = await putDue(db);

    const payload = await put({ name, definition: newSchedule({ payload: { a: 1 } }) });
    const moments = await put({ name, definition: newSchedule({ timezone: 'Asia/Tokyo' }) });

    expect(payload.nextSlotAt).toEqual(PAST);
    expect(moments.nextSlotAt).toEqual(SOON);
  });

  it('is replaced and deleted only in the version that was meant', async () => {
    const { name } = await put();
    const { schedules } = db.store;

    expect(await schedules.put(putRequest({ name, version: 2 }))).toEqual({
      kind: 'version_mismatch',
      version: 1,
    });
    expect(await schedules.put(putRequest({ version: 1 }))).toEqual({ kind: 'missing' });
    expect(await schedules.put(putRequest({ mode: 'replace' }))).toEqual({ kind: 'missing' });
    expect(await schedules.put(putRequest({ name, mode: 'create' }))).toEqual({ kind: 'name_taken' });
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

    const puts = await Promise.all(Array.from({ length: 6 }, () => db.store.schedules.put(putRequest({ name }))));

    expect(puts.filter(({ kind }) => kind === 'created')).toHaveLength(1);
    expect(puts.filter(({ kind }) => kind === 'unchanged')).toHaveLength(5);
  });

  it('pauses with a reason and goes on with the slot it is given', async () => {
    const { name } = await putDue(db, { type: 'pausing' });
    const why = { reason: 'holidays', actor: 'ann' };

    expect(await db.store.schedules.pause({ type: 'pausing' }, why)).toMatchObject([
      { name, paused: true, pauseReason: 'holidays' },
    ]);
    expect(await db.store.schedules.pause({ name }, why)).toEqual([]);
    expect(await takeDue(db, 10)).toEqual([]);
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
