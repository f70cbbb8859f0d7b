import { Store } from '@millrace/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TaskPageView } from '../tasks/list.views';
import { faultsOf } from '../testing/problem.fixture';
import type { AuditPageView } from './history.views';
import type { RunsView } from './run.views';
import type { ScheduleView } from './schedule.view';
import { expectStatus, startSchedulesApiOfAnn, type SchedulesApi } from './schedules.fixture';
import type { BackfillPreviewView, BulkAnswerView, SlotsView, SlotView } from './slot.views';

let api: SchedulesApi;

beforeAll(async () => {
  api = await startSchedulesApiOfAnn();
});

afterAll(() => api.close());

const post = (path: string, body?: unknown) => api.call('POST', `schedules/${path}`, { body });
const get = async <T>(path: string) => expectStatus(await api.call('GET', `schedules/${path}`), 200).json<T>();

describe('a paused schedule', () => {
  it('shows why, keeps the first reason, and goes on with its next slot when it is resumed', async () => {
    const { name, next_run_at: next } = await api.create({ cron: '@hourly' });

    expect(expectStatus(await post(`${name}/pause`, { reason: 'Holidays' }), 200).json()).toMatchObject({
      paused: true,
      pause_reason: 'Holidays',
      version: 1,
    });
    expect((await post(`${name}/pause`)).json()).toMatchObject({ pause_reason: 'Holidays' });
    expect(expectStatus(await post(`${name}/resume`), 200).json()).toMatchObject({ paused: false, pause_reason: null });
    expect(Date.parse((await api.show(name)).next_run_at ?? '')).toBeGreaterThanOrEqual(Date.parse(next ?? ''));
  });

  it.each([{ reason: '' }, { reason: 5 }, { reason: 'x'.repeat(1_001) }, { why: 'x' }])(
    'is not made by %j',
    async (body) => {
      const { name } = await api.create();
      expectStatus(await post(`${name}/pause`, body), 400);
      expect(await api.show(name)).toMatchObject({ paused: false });
    },
  );

  it('is one that exists', async () => {
    for (const call of ['pause', 'resume', 'trigger']) expectStatus(await post(`nobody/${call}`), 404);
  });
});

describe('POST /schedules/:name/trigger', () => {
  it('submits the task of a slot that is now, also of a paused schedule', async () => {
    const { name, id } = await api.create({ payload: { at: '{{slot.at}}' }, paused: true });

    const answer = expectStatus(await post(`${name}/trigger`), 201);
    const slot = answer.json<SlotView>();
    expect(slot).toMatchObject({ outcome: 'submitted', reason: null });
    expect(answer.headers.location).toBe(`/api/v1/tasks/task/${slot.task_id}`);
    const task = await api.call('GET', `tasks/task/${slot.task_id}`);
    expect(task.json()).toMatchObject({ schedule_id: id, slot_at: slot.slot_at, payload: { at: slot.slot_at } });
  });

  it('follows the overlap policy', async () => {
    const skipping = await api.create({ overlap: 'skip' });
    expectStatus(await post(`${skipping.name}/trigger`), 201);
    expect(expectStatus(await post(`${skipping.name}/trigger`), 200).json()).toMatchObject({
      outcome: 'skipped',
      task_id: null,
    });
    const queueing = await api.create({ overlap: 'queue_one' });
    expectStatus(await post(`${queueing.name}/trigger`), 201);
    expect(expectStatus(await post(`${queueing.name}/trigger`), 202).json()).toMatchObject({ outcome: 'waiting' });
  });
});

describe('POST /schedules/:name/backfill', () => {
  const range = { from: '2026-03-01T00:00:00Z', to: '2026-03-02T00:00:00Z' };

  it('shows the slots first, then submits those nobody decided about, each once', async () => {
    const { name } = await api.create({ cron: '0 */6 * * *' });

    const dry = expectStatus(await post(`${name}/backfill`, { ...range, dry_run: true }), 200);
    expect(dry.json<BackfillPreviewView>()).toMatchObject({
      total: 4,
      items: [{ at: '2026-03-01T00:00:00.000Z' }, {}, {}, {}],
    });
    expect((await get<RunsView>(`${name}/runs`)).items).toEqual([]);

    const done = expectStatus(await post(`${name}/backfill`, range), 202).json<SlotsView>();
    expect(done.total).toBe(4);
    expect(new Set(done.items.map(({ outcome }) => outcome))).toEqual(new Set(['submitted']));
    expect(expectStatus(await post(`${name}/backfill`, range), 202).json()).toEqual({ items: [], total: 0 });
    const tasks = (await api.call('GET', `tasks?schedule=${name}`)).json<TaskPageView>();
    expect(tasks.items.map((task) => task.slot_at).sort()).toEqual(done.items.map((slot) => slot.slot_at));
  });

  it.each<[Record<string, unknown>, string]>([
    [{}, 'from'],
    [{ ...range, to: '2126-01-01T00:00:00Z' }, 'to'],
    [{ from: range.to, to: range.from }, 'from'],
    [{ ...range, cron: '@daily' }, 'cron'],
    [{ ...range, dry_run: 'yes' }, 'dry_run'],
    [{ from: 'yesterday', to: range.to }, 'from'],
    [{ from: '2020-01-01T00:00:00Z', to: range.to }, 'to'],
  ])('%j answers 400 and names %s', async (body, field) => {
    const { name } = await api.create({ cron: '* * * * *' });
    expect(faultsOf(expectStatus(await post(`${name}/backfill`, body), 400)).map((fault) => fault.field)).toContain(
      field,
    );
  });
});

describe('pausing and resuming many', () => {
  it('takes those of a filter, counts first, and goes on where each has to', async () => {
    const names: string[] = [];
    for (let n = 0; n < 3; n += 1) names.push((await api.create({ type: 'many', cron: '@hourly' })).name);
    const other = await api.create({ type: 'other' });
    await post(`${names[0]}/pause`, { reason: 'first' });

    const filter = { type: 'many' };
    expect((await post('pause', { filter, dry_run: true })).json()).toEqual({
      total: 2,
      names: names.slice(1),
      remaining: 0,
      refused: [],
    });
    expect(await api.show(names[1] ?? '')).toMatchObject({ paused: false });
    expect(expectStatus(await post('pause', { filter, reason: 'all' }), 200).json<BulkAnswerView>().total).toBe(2);
    expect(await Promise.all(names.map((name) => api.show(name)))).toMatchObject([
      { pause_reason: 'first' },
      { pause_reason: 'all' },
      { pause_reason: 'all' },
    ]);
    expect(await api.show(other.name)).toMatchObject({ paused: false });

    expect((await post('resume', { filter, dry_run: true })).json()).toMatchObject({ total: 3 });
    const resumed = expectStatus(await post('resume', { filter, reason: 'over' }), 200).json();
    expect(resumed).toEqual({ total: 3, names, remaining: 0, refused: [] });
    for (const name of names) {
      const shown: ScheduleView = await api.show(name);
      expect(shown).toMatchObject({ paused: false, pause_reason: null });
      expect(Date.parse(shown.next_run_at ?? '')).toBeGreaterThan(Date.now() - 60_000);
    }
    const { items } = await get<AuditPageView>(`${names[1]}/audit`);
    expect(items.map(({ action }) => action)).toEqual(['resume_schedule', 'pause_schedule', 'create_schedule']);
    expect(items[0]?.detail).toEqual({ reason: 'over' });
  });

  it('tells of one whose stored rule cannot be read, and does the others', async () => {
    const type = 'edited';
    const [first, edited, last] = [await api.create({ type }), await api.create({ type }), await api.create({ type })];
    await api.app
      .get(Store)
      .dataSource.query(`UPDATE schedules SET cron = '{"0 0 * * mox"}' WHERE name = $1`, [edited.name]);

    expect((await post('pause', { filter: { type } })).json()).toMatchObject({ total: 3, refused: [] });
    expect(expectStatus(await post('resume', { filter: { type } }), 200).json()).toMatchObject({
      ...{ total: 2, names: [first.name, last.name], remaining: 0 },
      refused: [{ name: edited.name, errors: [{ field: 'cron[0]', position: 9 }] }],
    });
    expect(await api.show(edited.name)).toMatchObject({ paused: true });
    expect(faultsOf(expectStatus(await post(`${edited.name}/resume`), 400))[0]?.field).toBe('cron[0]');

    await api.call('PATCH', `schedules/${edited.name}`, { body: { cron: '@daily', paused: false } });
    expect(await api.show(edited.name)).toMatchObject({ paused: false, cron: '@daily' });
  });

  it.each<[unknown, string]>([
    [{}, 'filter'],
    [{ filter: {} }, 'filter'],
    [{ filter: 'all' }, 'filter'],
    [{ filter: { q: '' } }, 'filter.q'],
    [{ filter: { q: 'a\u0000' } }, 'filter.q'],
    [{ filter: { type: 'a b' } }, 'filter.type'],
    [{ filter: { queue: 5 } }, 'filter.queue'],
    [{ filter: { source: 'yaml' } }, 'filter.source'],
    [{ filter: { orphaned: 'no' } }, 'filter.orphaned'],
    [{ filter: { status: 'x' } }, 'filter.status'],
    [{ filter: { q: 'a' }, reason: '' }, 'reason'],
    [{ filter: { q: 'a' }, dry_run: 1 }, 'dry_run'],
    [{ filter: { q: 'a' }, all: true }, 'all'],
  ])('%j answers 400 and names %s', async (body, field) => {
    const faults = faultsOf(expectStatus(await post('pause', body), 400));
    expect(faults.map((fault) => fault.field)).toContain(field);
  });
});

describe('a schedule that code declares', () => {
  it('may be paused and run, but is changed and deleted only once no service declares it', async () => {
    const { name } = await api.create();
    const sql = (text: string) => api.app.get(Store).dataSource.query(text, [name]);
    await sql(`UPDATE schedules SET source = 'code' WHERE name = $1`);
    const body = { type: 'noop', payload: {}, cron: '@daily' };

    expect(await api.show(name)).toMatchObject({ source: 'code', orphaned_at: null });
    expectStatus(await api.call('PUT', `schedules/${name}`, { body }), 409);
    expectStatus(await api.call('PATCH', `schedules/${name}`, { body: { priority: 1 } }), 409);
    expectStatus(await api.call('DELETE', `schedules/${name}`), 409);
    expectStatus(await post(`${name}/pause`), 200);
    expectStatus(await post(`${name}/trigger`), 202);

    await sql('UPDATE schedules SET orphaned_at = now() WHERE name = $1');
    expectStatus(await api.call('PUT', `schedules/${name}`, { body }), 200);
    expect(await api.show(name)).toMatchObject({ source: 'api', orphaned_at: null, paused: true });
  });
});
