import { Store } from '@millrace/store';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from '../testing/problem.fixture';
import type { SchedulePageView } from './list.views';
import type { ScheduleView } from './schedule.view';
import { expectStatus, startSchedulesApi, type SchedulesApi } from './schedules.fixture';

let api: SchedulesApi;

beforeAll(async () => {
  api = await startSchedulesApi();
});

afterAll(() => api.close());

const RULE = { type: 'noop', payload: {}, cron: '0 6 * * 1' };

describe('POST /schedules', () => {
  it('keeps a schedule with its defaults and says where it is', async () => {
    const name = api.newName();
    const answer = await api.call('POST', 'schedules', { body: { name, ...RULE, timezone: 'Europe/Berlin' } });

    expect(answer.status, answer.text).toBe(201);
    expect(answer.headers.location).toBe(`/api/v1/schedules/${name}`);
    expect(answer.json()).toMatchObject({
      name,
      cron: '0 6 * * 1',
      every: null,
      at: null,
      timezone: 'Europe/Berlin',
      misfire: 'once',
      misfire_window: 86_400_000,
      overlap: 'allow',
      paused: false,
      source: 'api',
      version: 1,
      last_run_at: null,
    });
    expect(new Date(answer.json<ScheduleView>().next_run_at ?? 0).getUTCDay()).toBe(1);
    expect(await api.show(name)).toEqual(answer.json());
  });

  it('takes an interval, an instant, several expressions', async () => {
    expect(await api.create({ every: '1h30m', phase: '5m' })).toMatchObject({ every: 5_400_000, phase: 300_000 });
    expect(await api.create({ at: '2099-01-01T00:00:00+01:00' })).toMatchObject({
      at: '2098-12-31T23:00:00.000Z',
      next_run_at: '2098-12-31T23:00:00.000Z',
    });
    expect(await api.create({ cron: ['0 6 * * 1', '@hourly'] })).toMatchObject({ cron: ['0 6 * * 1', '@hourly'] });
  });

  it('starts a schedule paused when it says so', async () => {
    expect(await api.create({ paused: true })).toMatchObject({ paused: true });
  });

  it('answers 409 for a name that is taken', async () => {
    const { name } = await api.create();
    const answer = await api.call('POST', 'schedules', { body: { name, ...RULE } });
    expect(answer.status).toBe(409);
    expect(answer.json().type).toBe('urn:millrace:problem:schedule-name-taken');
  });

  it.each<[Record<string, unknown>, string, number?]>([
    [{ cron: '0 25 * * *' }, 'cron', 3],
    [{ cron: ['0 6 * * 1', '0 6 31 2 *'] }, 'cron[1]', 5],
    [{ cron: '0 6 * *' }, 'cron', 8],
    [{ cron: 5 }, 'cron'],
    [{ cron: [5] }, 'cron'],
    [{ cron: [] }, 'cron'],
    [{ cron: 'x'.repeat(10_000) }, 'cron', 256],
    [{ cron: Array.from({ length: 21 }, () => '@daily') }, 'cron'],
    [{ every: '1h' }, 'cron'],
    [{ cron: null }, 'cron'],
    [{ cron: null, every: 1_500 }, 'every'],
    [{ cron: null, every: 'soon' }, 'every'],
    [{ cron: null, every: '1h', phase: '2h' }, 'phase'],
    [{ cron: null, at: 'tomorrow' }, 'at'],
    [{ cron: '60 * * * *' }, 'cron', 1],
    [{ cron: '* * 31 4,6,9,11 *' }, 'cron', 5],
    [{ cron: '@every 3x' }, 'cron', 8],
    [{ timezone: 'Europe/Atlantis' }, 'timezone', 10],
    [{ timezone: '+01:00' }, 'timezone', 1],
    [{ timezone: 5 }, 'timezone'],
    [{ timezone: 'x'.repeat(100_000) }, 'timezone', 1],
    [{ exclude: ['2026-02-30'] }, 'exclude[0]'],
    [{ exclude: '2026-02-03' }, 'exclude'],
    [{ exclude: Array.from({ length: 501 }, () => '12-25') }, 'exclude'],
    [{ starts_at: '2030-01-01T00:00:00Z', ends_at: '2029-01-01T00:00:00Z' }, 'ends_at'],
    [{ max_runs: 0 }, 'max_runs'],
    [{ jitter: '2d' }, 'jitter'],
    [{ misfire: 'twice' }, 'misfire'],
    [{ misfire_window: -1 }, 'misfire_window'],
    [{ misfire_limit: 501 }, 'misfire_limit'],
    [{ overlap: ['allow'] }, 'overlap'],
    [{ pause_after_failures: 101 }, 'pause_after_failures'],
    [{ type: 'a b' }, 'type'],
    [{ type: null }, 'type'],
    [{ payload: { a: '{{slot.when}}' } }, 'payload.a'],
    [{ queue: 'a:b' }, 'queue'],
    [{ priority: 10 }, 'priority'],
    [{ user_id: '' }, 'user_id'],
    [{ max_retry: -1 }, 'max_retry'],
    [{ retry_delay: 'x' }, 'retry_delay'],
    [{ backoff: { type: 'linear' } }, 'backoff.type'],
    [{ backoff: { base: 1 } }, 'backoff.base'],
    [{ timeout: 0 }, 'timeout'],
    [{ paused: 'yes' }, 'paused'],
    [{ version: 0 }, 'version'],
    [{ name: 'a b' }, 'name'],
    [{ name: 'x'.repeat(129) }, 'name'],
    [{ name: 'preview' }, 'name'],
    [{ name: 5 }, 'name'],
    [{ name: null }, 'name'],
    [{ colour: 1 }, 'colour'],
  ])('%j answers 400 and names %s', async (bad, field, position) => {
    const answer = await api.call('POST', 'schedules', { body: { name: api.newName(), ...RULE, ...bad } });
    expect(answer.status, answer.text).toBe(400);
    const fault = faultsOf(answer).find((candidate) => candidate.field === field);
    expect(fault, answer.text).toBeDefined();
    expect(fault?.position).toBe(position);
    if (position !== undefined) expect(fault?.message).toContain(`character ${position} of`);
  });

  it.each([null, [], 'text', 5])('a body of %j answers 400', async (body) => {
    expectStatus(await api.call('POST', 'schedules', { body }), 400);
  });
});

describe('PUT /schedules/:name', () => {
  const put = (name: string, body: unknown) => api.call('PUT', `schedules/${name}`, { body });

  it('creates with 201, replaces with 200, and leaves an equal one at its version', async () => {
    const name = api.newName();
    const created = expectStatus(await put(name, { ...RULE, jitter: '1m' }), 201).json<ScheduleView>();
    const replaced = expectStatus(await put(name, RULE), 200).json<ScheduleView>();
    const equal = expectStatus(await put(name, RULE), 200).json<ScheduleView>();

    expect([created.version, replaced.version, equal.version]).toEqual([1, 2, 2]);
    expect([created.jitter, replaced.jitter]).toEqual([60_000, 0]);
  });

  it('takes what GET answers, and changes nothing by it', async () => {
    const before = await api.create({ every: '1h', backoff: { type: 'fixed', max: '1m' }, exclude: ['12-25'] });
    const after = expectStatus(await put(before.name, before), 200).json<ScheduleView>();
    expect(after).toEqual(before);
  });

  it('answers 409 with another version than the one that is meant, and 404 where there is none', async () => {
    const { name } = await api.create();
    expectStatus(await put(name, { ...RULE, version: 1 }), 200);
    const late = await put(name, { ...RULE, cron: '@daily', version: 1 });
    expect(late.status).toBe(409);
    expect(faultsOf(late)).toEqual([{ field: 'version', message: 'is 2 by now' }]);
    expectStatus(await put(api.newName(), { ...RULE, version: 1 }), 404);
  });

  it('leaves the pause of an operator alone unless it says otherwise', async () => {
    const { name } = await api.create({ paused: true });
    expect((await put(name, RULE)).json()).toMatchObject({ paused: true, version: 2 });
    expect((await put(name, { ...RULE, paused: false })).json()).toMatchObject({ paused: false });
    expect((await put(name, { ...RULE, paused: true })).json()).toMatchObject({ paused: true });
  });

  it('pauses in the transaction that replaces', async () => {
    const { name } = await api.create();

    await put(name, { ...RULE, priority: 3, paused: true });

    const rows = await api.app
      .get(Store)
      .dataSource.query<{ action: string; transaction: string }[]>(
        `SELECT action, xmin::text AS transaction FROM audit_log WHERE schedule = $1 AND action <> 'create_schedule' ORDER BY id`,
        [name],
      );
    expect(rows.map(({ action }) => action)).toEqual(['replace_schedule', 'pause_schedule']);
    expect(new Set(rows.map(({ transaction }) => transaction)).size).toBe(1);
  });

  it('refuses another name than that of the address, and a reserved one', async () => {
    expect(faultsOf(expectStatus(await put(api.newName(), { ...RULE, name: 'other' }), 400))[0]?.field).toBe('name');
    expect(faultsOf(expectStatus(await put('apply', RULE), 400))[0]?.field).toBe('name');
  });

  it('then GET gives back every field', async () => {
    const optional = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: undefined });
    const durationMs = fc.integer({ min: 0, max: 86_400 }).map((seconds) => seconds * 1_000);
    const kinds = fc.oneof(
      fc.record({
        cron: fc.oneof(
          fc.constantFrom('0 6 * * 1', '@daily', '*/10 * * * * *', '0 0 LW * *', '@every 90s'),
          fc.uniqueArray(fc.constantFrom('0 6 * * 1', '@hourly', '5 4 * * 5#2'), { minLength: 2 }),
        ),
      }),
      fc.record({ every: fc.integer({ min: 1, max: 90_000 }).map((seconds) => seconds * 1_000), phase: fc.nat(999) }),
      fc.record({ at: fc.date({ min: new Date(0), max: new Date('9999-01-01'), noInvalidDate: true }) }),
    );
    const rules = fc.record({
      // What a body may not hold, and what JSON cannot give back.
      payload: fc.jsonValue({ maxDepth: 3 }).filter((value) => !/__proto__|constructor|-0/.test(JSON.stringify(value))),
      timezone: optional(fc.constantFrom('UTC', 'Europe/Berlin', 'Australia/Lord_Howe')),
      exclude: optional(fc.uniqueArray(fc.constantFrom('12-25', '2030-01-01', '2030-12-24..2031-01-02'))),
      misfire: optional(fc.constantFrom('skip', 'once', 'all')),
      misfire_window: optional(durationMs),
      misfire_limit: optional(fc.integer({ min: 1, max: 500 })),
      overlap: optional(fc.constantFrom('allow', 'skip', 'queue_one', 'queue_all', 'cancel_running')),
      jitter: optional(durationMs),
      max_runs: optional(fc.integer({ min: 1, max: 2 ** 31 - 1 })),
      pause_after_failures: optional(fc.integer({ min: 1, max: 100 })),
      queue: optional(fc.constantFrom('mail', 'reports')),
      priority: optional(fc.integer({ min: 0, max: 9 })),
      user_id: optional(fc.string({ minLength: 1, maxLength: 50, unit: 'grapheme' }).filter((s) => !s.includes('\0'))),
      max_retry: optional(fc.integer({ min: 0, max: 1_000 })),
      retry_delay: optional(durationMs),
      timeout: optional(durationMs.map((ms) => ms + 1)),
      backoff: optional(fc.record({ type: fc.constantFrom('fixed', 'exponential'), max: durationMs })),
      paused: optional(fc.boolean()),
    });
    const name = api.newName();

    await fc.assert(
      fc.asyncProperty(kinds, rules, async (kind, rule) => {
        const body = JSON.parse(JSON.stringify({ type: 'noop', ...kind, ...rule })) as Record<string, unknown>;
        const answer = await put(name, body);
        expect([200, 201], answer.text).toContain(answer.status);
        const shown = await api.show(name);
        expect(shown).toEqual(answer.json());
        expect(shown).toMatchObject(body);
        expect((await put(name, shown)).json()).toEqual(shown);
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});

describe('a body with faults of every kind', () => {
  it('is refused with all of them, each once', async () => {
    const body = { name: 5, type: 'a b', cron: '0 24 * * *', timezone: 'Mars/Base', version: 0, foo: 1, priority: 10 };
    const faults = faultsOf(expectStatus(await api.call('POST', 'schedules', { body }), 400));
    expect(faults.map(({ field }) => field)).toEqual([
      ...['foo', 'payload', 'name', 'version', 'type', 'priority', 'timezone', 'cron'],
    ]);
    expect(faults.at(-1)?.position).toBe(3);

    const untimed = { name: 'untimed', type: 'noop', payload: 1, at: 'soon' };
    const soon = faultsOf(expectStatus(await api.call('POST', 'schedules', { body: untimed }), 400));
    expect(soon.map(({ field }) => field)).toEqual(['at']);
    for (const none of [[], 'x', null]) {
      const answer = await api.call('POST', 'schedules', { body: none });
      expect(faultsOf(expectStatus(answer, 400)).map(({ field }) => field)).toEqual(['']);
    }
  });
});

describe('PATCH /schedules/:name', () => {
  const patch = (name: string, body: unknown) => api.call('PATCH', `schedules/${name}`, { body });

  it('changes what it names, takes away what is null, and leaves the rest', async () => {
    const { name } = await api.create({ max_runs: 5, queue: 'mail', priority: 3 });
    const answer = expectStatus(await patch(name, { max_runs: null, priority: 7, payload: { a: 1 } }), 200);
    expect(answer.json()).toMatchObject({ max_runs: null, priority: 7, queue: 'mail', payload: { a: 1 }, version: 2 });
  });

  it('puts one kind of moment in the place of another', async () => {
    const { name } = await api.create({ every: '1h', phase: '5m' });
    expect((await patch(name, { every: '2h' })).json()).toMatchObject({ every: 7_200_000, phase: 300_000 });
    expect((await patch(name, { cron: '@daily' })).json()).toMatchObject({ cron: '@daily', every: null, phase: null });
    expect(faultsOf(expectStatus(await patch(name, { every: '1h', at: '2099-01-01T00:00:00Z' }), 400))).toMatchObject([
      { field: 'cron' },
    ]);
  });

  it('pauses and resumes', async () => {
    const { name } = await api.create();
    expect((await patch(name, { paused: true })).json()).toMatchObject({ paused: true, version: 1 });
    expect((await patch(name, { paused: false })).json()).toMatchObject({ paused: false, version: 1 });
  });

  it('answers 409 with another version, 404 where there is none, and 400 for what cannot be changed', async () => {
    const { name } = await api.create();
    expectStatus(await patch(name, { priority: 1, version: 1 }), 200);
    expectStatus(await patch(name, { priority: 2, version: 1 }), 409);
    expectStatus(await patch(api.newName(), { priority: 2 }), 404);
    for (const [field, value] of Object.entries({ next_run_at: null, name: 'other', source: 'code', colour: 1 })) {
      expect(faultsOf(expectStatus(await patch(name, { [field]: value }), 400))[0]?.field).toBe(field);
    }
  });

  it('lets the last one win, however many come at once without a version', async () => {
    const { name } = await api.create();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => patch(name, { user_id: `u${n}` })));

    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(await api.show(name)).toMatchObject({ version: 21 });
  });

  it('loses no change when several come at once', async () => {
    const { name } = await api.create();
    const changes = [{ priority: 5 }, { queue: 'mail' }, { max_runs: 9 }];
    for (const answer of await Promise.all(changes.map((change) => patch(name, change)))) expectStatus(answer, 200);
    expect(await api.show(name)).toMatchObject({ priority: 5, queue: 'mail', max_runs: 9, version: 4 });
  });
});

describe('DELETE /schedules/:name', () => {
  it('removes it, unless another version is meant', async () => {
    const { name } = await api.create();
    expectStatus(await api.call('DELETE', `schedules/${name}?version=2`), 409);
    expect(expectStatus(await api.call('DELETE', `schedules/${name}?version=1`), 204).text).toBe('');
    expectStatus(await api.call('GET', `schedules/${name}`), 404);
    expectStatus(await api.call('DELETE', `schedules/${name}`), 404);
  });
});

describe('GET /schedules', () => {
  const list = async (query: string) =>
    expectStatus(await api.call('GET', `schedules?${query}`), 200).json<SchedulePageView>();

  it('filters, pages by number and by cursor, and gives each schedule once, by name', async () => {
    const names = ['list-a', 'list-b', 'list-c', 'list-d', 'list-e'];
    for (const name of names) await api.create({ name, type: 'listed', paused: name === 'list-c' });

    const whole = await list('type=listed');
    expect(whole).toMatchObject({ total: 5, page: 1, page_size: 20, next_cursor: null, filter: { type: 'listed' } });
    expect(whole.items.map(({ name }) => name)).toEqual(names);
    expect((await list('q=list-&paused=true')).items.map(({ name }) => name)).toEqual(['list-c']);
    expect((await list('type=listed&page=2&page_size=2')).items.map(({ name }) => name)).toEqual(['list-c', 'list-d']);

    const walked: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const part: SchedulePageView = await list(`type=listed&page_size=2${cursor && `&cursor=${cursor}`}`);
      walked.push(...part.items.map(({ name }) => name));
      cursor = part.next_cursor;
    }
    expect(walked).toEqual(names);
  });

  it.each([
    ['paused=yes', 'paused'],
    ['source=yaml', 'source'],
    ['type=a%20b', 'type'],
    ['page_size=201', 'page_size'],
    ['page=501', 'cursor'],
    ['page=1&cursor=a', 'cursor'],
    ['q=', 'q'],
    ['status=paused', 'status'],
  ])('?%s answers 400 and names %s', async (query, field) => {
    const answer = await api.call('GET', `schedules?${query}`);
    expect(answer.status).toBe(400);
    expect(faultsOf(answer)[0]?.field).toBe(field);
  });
});

describe('a bad name in the address', () => {
  it.each([
    ['schedules/a%20b', 400],
    ['schedules/-a', 400],
    [`schedules/${'x'.repeat(129)}`, 400],
    ['schedules/none', 404],
    ['schedules/none?x=1', 400],
  ])('%s answers %i', async (path, status) => {
    expectStatus(await api.call('GET', path), status);
  });
});
