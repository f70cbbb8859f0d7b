import { Store } from '@millrace/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AuditPageView, VersionPageView } from './history.views';
import type { RunsView } from './run.views';
import { expectStatus, startSchedulesApiOfAnn, type SchedulesApi } from './schedules.fixture';
import type { SlotView } from './slot.views';

let api: SchedulesApi;

beforeAll(async () => {
  api = await startSchedulesApiOfAnn();
});

afterAll(() => api.close());

const post = (path: string, body?: unknown) => api.call('POST', `schedules/${path}`, { body });
const get = async <T>(path: string) => expectStatus(await api.call('GET', `schedules/${path}`), 200).json<T>();

describe('GET /schedules/:name/runs', () => {
  it('lists slots, latest first, with their outcome, lateness and task, page by page', async () => {
    const { name } = await api.create({ cron: '@daily' });
    await post(`${name}/backfill`, { from: '2026-03-01T00:00:00Z', to: '2026-03-06T00:00:00Z' });
    await post(`${name}/trigger`);

    const whole = await get<RunsView>(`${name}/runs`);
    expect(whole.items.map(({ origin }) => origin)).toEqual(['trigger', ...Array<string>(5).fill('backfill')]);
    expect(whole.items[1]).toMatchObject({
      slot_at: '2026-03-05T00:00:00.000Z',
      outcome: 'submitted',
      lateness: 0,
      task: { status: 'pending', href: `/api/v1/tasks/task/${whole.items[1]?.task_id}`, attempt: 0 },
    });
    expectStatus(await api.call('GET', whole.items[1]?.task?.href ?? ''), 200);

    const walked: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: RunsView = await get(`${name}/runs?page_size=4${cursor && `&cursor=${cursor}`}`);
      walked.push(...page.items.map(({ slot_at }) => slot_at));
      cursor = page.next_cursor;
    }
    expect(walked).toEqual(whole.items.map(({ slot_at }) => slot_at));
  });

  it('still lists a slot whose task retention has removed', async () => {
    const { name } = await api.create();
    const { task_id: taskId } = expectStatus(await post(`${name}/trigger`), 201).json<SlotView>();
    await api.app.get(Store).dataSource.query('DELETE FROM tasks WHERE task_id = $1', [taskId]);
    expect((await get<RunsView>(`${name}/runs`)).items).toMatchObject([{ task_id: taskId, task: null }]);
  });

  it('lists those of one outcome, page by page', async () => {
    const { name } = await api.create({ overlap: 'skip' });
    for (let count = 0; count < 3; count += 1) await post(`${name}/trigger`);

    const submitted = await get<RunsView>(`${name}/runs?outcome=submitted`);
    const first = await get<RunsView>(`${name}/runs?outcome=skipped&page_size=1`);
    const second = await get<RunsView>(`${name}/runs?outcome=skipped&page_size=1&cursor=${first.next_cursor}`);

    expect(submitted.items.map(({ outcome }) => outcome)).toEqual(['submitted']);
    expect([...first.items, ...second.items].map(({ outcome }) => outcome)).toEqual(['skipped', 'skipped']);
    expect(second.next_cursor).toBeNull();
    expect((await get<RunsView>(`${name}/runs?outcome=refused`)).items).toEqual([]);
  });

  it.each(['page_size=0', 'cursor=x', 'page=2', 'outcome=failed'])('?%s answers 400', async (query) => {
    const { name } = await api.create();
    expectStatus(await api.call('GET', `schedules/${name}/runs?${query}`), 400);
  });
});

describe('the history of a schedule', () => {
  it('keeps each version with who made it and what it changed, also after it is deleted', async () => {
    const { name, id } = await api.create({ every: '1h', backoff: { type: 'fixed', max: '1m' } });
    await api.call('PATCH', `schedules/${name}`, { body: { every: '2h', priority: 3 } });
    await api.call('DELETE', `schedules/${name}`);
    const again = await api.create({ name, starts_at: '2099-01-01T00:00:00Z' });

    const { items, next_cursor } = await get<VersionPageView>(`${name}/versions`);
    expect(next_cursor).toBeNull();
    expect(items.map(({ schedule_id, version, action, actor }) => [schedule_id, version, action, actor])).toEqual([
      [again.id, 1, 'create', 'ann'],
      [id, 3, 'delete', 'ann'],
      [id, 2, 'replace', 'ann'],
      [id, 1, 'create', 'ann'],
    ]);
    expect(items[2]?.changes.toSorted((a, b) => (a.field < b.field ? -1 : 1))).toEqual([
      { field: 'every', from: 3_600_000, to: 7_200_000 },
      { field: 'priority', from: 0, to: 3 },
    ]);
    expect(items[3]).toMatchObject({
      definition: { every: 3_600_000, backoff: { type: 'fixed', max: 60_000 } },
      changes: [],
    });
  });

  it('has definitions that may be put back as they are', async () => {
    const before = await api.create({ every: '1h', ends_at: '2099-01-01T00:00:00Z', exclude: ['12-25'], jitter: '5m' });
    await api.call('PATCH', `schedules/${before.name}`, { body: { cron: ['@daily', '@hourly'], jitter: null } });

    const [, first] = (await get<VersionPageView>(`${before.name}/versions`)).items;
    const put = await api.call('PUT', `schedules/${before.name}`, { body: first?.definition });
    expect(expectStatus(put, 200).json()).toMatchObject({
      every: 3_600_000,
      ends_at: before.ends_at,
      jitter: 300_000,
      version: 3,
    });
  });

  it('is listed page by page', async () => {
    const { name } = await api.create();
    for (const priority of [1, 2, 3, 4]) await api.call('PATCH', `schedules/${name}`, { body: { priority } });
    const first = await get<VersionPageView>(`${name}/versions?page_size=3`);
    const second = await get<VersionPageView>(`${name}/versions?page_size=3&cursor=${first.next_cursor}`);
    expect([...first.items, ...second.items].map(({ version }) => version)).toEqual([5, 4, 3, 2, 1]);
    expect(first.items.at(-1)?.changes).toEqual([{ field: 'priority', from: 1, to: 2 }]);
    expect(second.next_cursor).toBeNull();
  });

  it('tells who did what and why, newest first', async () => {
    const { name } = await api.create();
    await post(`${name}/pause`, { reason: 'Holidays' });
    await post(`${name}/trigger`);
    await post(`${name}/resume`);

    const { items } = await get<AuditPageView>(`${name}/audit`);
    expect(items.map(({ actor, action }) => [actor, action])).toEqual([
      ['ann', 'resume_schedule'],
      ['ann', 'trigger_schedule'],
      ['ann', 'pause_schedule'],
      ['ann', 'create_schedule'],
    ]);
    expect(items[2]?.detail).toEqual({ reason: 'Holidays' });
    const page = await get<AuditPageView>(`${name}/audit?page_size=1&cursor=${items[0]?.id}`);
    expect(page).toMatchObject({ items: [{ action: 'trigger_schedule' }], next_cursor: String(items[1]?.id) });
  });

  it('is none of a name that no schedule ever had', async () => {
    for (const list of ['runs', 'versions', 'audit'])
      expectStatus(await api.call('GET', `schedules/nobody/${list}`), 404);
  });
});
