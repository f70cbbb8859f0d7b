import { Store } from '@millrace/store';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from '../testing/problem.fixture';
import { expectStatus, startSchedulesApi, type SchedulesApi } from './schedules.fixture';
import type { SetDiffView } from './set.views';

let api: SchedulesApi;

beforeAll(async () => {
  api = await startSchedulesApi();
});

afterAll(() => api.close());

const apply = (body: unknown, query = '') => api.call('POST', `schedules/apply${query}`, { body });
const send = (path: string, raw: string, type: string) =>
  api.call('POST', `schedules/${path}`, { raw, headers: { 'content-type': type } });

let prefixes = 0;
/** A prefix nobody else has, so that a test sees its own schedules alone. */
const newPrefix = () => `set${(prefixes += 1)}.`;
const rule = (name: string, changes: object = {}) => ({ name, type: 'noop', payload: {}, cron: '@daily', ...changes });

describe('POST /schedules/apply', () => {
  it('makes the stored schedules equal to a set, and says what it changed', async () => {
    const prefix = newPrefix();
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `${prefix}${name}`) as [string, string, string];
    const first = await apply({ schedules: [rule(a), rule(b), rule(c)], prefix });
    expect(expectStatus(first, 200).json()).toEqual({
      created: [a, b, c],
      changed: [],
      unchanged: [],
      orphaned: [],
      pruned: false,
      dry_run: false,
    });

    const twice = await api.call('POST', `schedules/apply?prefix=${prefix}`, { body: { schedules: [], prefix } });
    expect(faultsOf(expectStatus(twice, 400))[0]?.field).toBe('prefix');

    const set = { schedules: [rule(a), rule(b, { cron: '@hourly', payload: { x: 1 } })], prefix };
    const diff = {
      created: [],
      changed: [
        {
          name: b,
          changes: [
            { field: 'payload', from: {}, to: { x: 1 } },
            { field: 'cron', from: '@daily', to: '@hourly' },
          ],
        },
      ],
      unchanged: [a],
      orphaned: [c],
    };
    expect((await apply(set, '?dry_run=true')).json()).toEqual({ ...diff, pruned: false, dry_run: true });
    expect((await apply({ ...set, dry_run: true, prune: true })).json()).toMatchObject({ ...diff, pruned: false });
    expect(await api.show(b)).toMatchObject({ cron: '@daily', version: 1 });

    expect((await apply(set)).json()).toEqual({ ...diff, pruned: false, dry_run: false });
    expect([(await api.show(a)).version, (await api.show(b)).version, (await api.show(c)).version]).toEqual([1, 2, 1]);
    expect((await apply(set, '?prune=true')).json()).toMatchObject({ changed: [], orphaned: [c], pruned: true });
    expectStatus(await api.call('GET', `schedules/${c}`), 404);
    expect((await apply(set)).json()).toMatchObject({ created: [], changed: [], orphaned: [] });
  });

  it('takes YAML', async () => {
    const prefix = newPrefix();
    const yaml = `
prefix: ${prefix}
schedules:
  - name: ${prefix}report
    cron: "0 6 * * 1"   # Mondays
    timezone: Europe/Berlin
    type: noop
    payload: { until: "{{slot.at}}" }
`;
    for (const type of ['application/yaml', 'text/yaml; charset=utf-8']) {
      expectStatus(await send('apply?dry_run=true', yaml, type), 200);
    }
    expect((await send('apply', yaml, 'application/yaml')).json()).toMatchObject({ created: [`${prefix}report`] });
    expect(await api.show(`${prefix}report`)).toMatchObject({ cron: '0 6 * * 1', timezone: 'Europe/Berlin' });
    expectStatus(await send('apply', yaml, 'text/plain'), 415);
    expectStatus(await send('', yaml, 'application/yaml'), 415);
    expect(faultsOf(expectStatus(await send('apply', 'schedules: [', 'application/yaml'), 400))[0]?.message).toContain(
      'line 1, column',
    );
  });

  it('takes what a list answers, and changes nothing by it', async () => {
    const prefix = newPrefix();
    await api.create({ name: `${prefix}x`, every: '1h', jitter: '5m' });
    const { items } = (await api.call('GET', `schedules?q=${prefix}`)).json<{ items: unknown[] }>();
    expect((await apply({ schedules: items, prefix })).json()).toMatchObject({
      unchanged: [`${prefix}x`],
      changed: [],
    });
  });

  it('leaves the pause of an operator alone unless it says otherwise', async () => {
    const name = `${newPrefix()}a`;
    await apply({ schedules: [rule(name)], prefix: name });
    await api.call('POST', `schedules/${name}/pause`, { body: { reason: 'Holidays' } });

    await apply({ schedules: [rule(name, { priority: 1 })], prefix: name });
    expect(await api.show(name)).toMatchObject({ paused: true, pause_reason: 'Holidays', version: 2 });
    const resumed = await apply({ schedules: [rule(name, { priority: 1, paused: false })], prefix: name });
    expect(resumed.json<SetDiffView>().changed).toEqual([
      { name, changes: [{ field: 'paused', from: true, to: false }] },
    ]);
    expect(await api.show(name)).toMatchObject({ paused: false, version: 2 });
    await apply({ schedules: [rule(name, { priority: 1, paused: true })], prefix: name });
    expect(await api.show(name)).toMatchObject({ paused: true, version: 2 });
  });

  it('names every bad field of every schedule at once', async () => {
    const answer = await apply({
      schedules: [
        rule('p.a', { cron: '0 24 * * *', foo: 1 }),
        rule('p.b', { priority: 10 }),
        { name: 'p.c', every: '1h' },
      ],
    });

    expect(faultsOf(expectStatus(answer, 400)).map(({ field }) => field)).toEqual([
      ...['schedules[0].foo', 'schedules[0].cron', 'schedules[1].priority'],
      ...['schedules[2].type', 'schedules[2].payload'],
    ]);
    const [none] = faultsOf(expectStatus(await apply({ schedules: [5] }), 400));
    expect(none).toEqual({ field: 'schedules[0]', message: 'must be an object' });
  });

  it('changes all or none', async () => {
    const prefix = newPrefix();
    const declared = await api.create({ name: `${prefix}z` });
    await api.app.get(Store).dataSource.query(`UPDATE schedules SET source = 'code' WHERE name = $1`, [declared.name]);

    expectStatus(await apply({ schedules: [rule(`${prefix}a`), rule(declared.name, { priority: 1 })], prefix }), 409);
    expectStatus(await apply({ schedules: [rule(`${prefix}a`), rule(`${prefix}b`, { cron: 'x' })], prefix }), 400);
    const stale = await api.create({ name: `${prefix}y` });
    expectStatus(await apply({ schedules: [rule(`${prefix}a`), rule(stale.name, { version: 7 })], prefix }), 409);
    expectStatus(await api.call('GET', `schedules/${prefix}a`), 404);
  });

  it('takes the largest set within the time a request has', async () => {
    const prefix = newPrefix();
    const schedules = Array.from({ length: 500 }, (_, n) => rule(`${prefix}${n}`));
    expect(expectStatus(await apply({ schedules, prefix }), 200).json<SetDiffView>().created).toHaveLength(500);
    const pruned = await apply({ schedules: [], prefix, prune: true });
    expect(expectStatus(pruned, 200).json<SetDiffView>().orphaned).toHaveLength(500);
  }, 60_000);

  it('survives many that apply the same set at once', async () => {
    const prefix = newPrefix();
    const schedules = Array.from({ length: 20 }, (_, n) => rule(`${prefix}${n}`));
    const answers = await Promise.all(Array.from({ length: 12 }, () => apply({ schedules, prefix })));
    for (const { status, text } of answers) expect([200, 409], text).toContain(status);
    expect((await apply({ schedules, prefix })).json<SetDiffView>().unchanged).toHaveLength(20);
    expect((await api.show(`${prefix}0`)).version).toBe(1);
  });

  it.each<[unknown, string]>([
    [{}, 'schedules'],
    [{ schedules: {} }, 'schedules'],
    [{ schedules: Array.from({ length: 501 }, () => 0) }, 'schedules'],
    [{ schedules: [null] }, 'schedules[0]'],
    [{ schedules: [rule('a'), { ...rule('b'), name: null }] }, 'schedules[1].name'],
    [{ schedules: [rule('a'), rule('a')] }, 'schedules[1].name'],
    [{ schedules: [rule('a', { cron: ['@daily', '0 25 * * *'] })] }, 'schedules[0].cron[1]'],
    [{ schedules: [rule('a', { colour: 1 })] }, 'schedules[0].colour'],
    [{ schedules: [rule('a')], prefix: 'b.' }, 'schedules[0].name'],
    [{ schedules: [], dry_run: 'yes' }, 'dry_run'],
    [{ schedules: [], prefix: 5 }, 'prefix'],
    [{ schedules: [], force: true }, 'force'],
  ])('%# answers 400 and names %2$s', async (body, field) => {
    expect(faultsOf(expectStatus(await apply(body), 400)).map((fault) => fault.field)).toContain(field);
  });

  it('names every fault of a set at once, with the character', async () => {
    const schedules = [rule('a', { cron: '0 25 * * *' }), rule('b', { timezone: 'Mars' }), rule('c', { priority: 10 })];
    expect(faultsOf(expectStatus(await apply({ schedules }), 400))).toMatchObject([
      { field: 'schedules[0].cron', position: 3 },
      { field: 'schedules[1].timezone' },
      { field: 'schedules[2].priority' },
    ]);
  });

  it('deletes no more than a thousand schedules at once', async () => {
    const sql = `INSERT INTO schedules (name, type, payload, cron, next_slot_at, next_run_at)
      SELECT 'crowd.' || n, 'noop', '{}', '{@yearly}', '2099-01-01', '2099-01-01' FROM generate_series(1, 1001) AS n`;
    await api.app.get(Store).dataSource.query(sql);
    const answer = await apply({ schedules: [], prefix: 'crowd.', prune: true });
    expect(faultsOf(expectStatus(answer, 400))[0]?.field).toBe('prune');
    expect((await apply({ schedules: [], prefix: 'crowd.' })).json<SetDiffView>().orphaned).toHaveLength(1_000);
    expect(
      (await apply({ schedules: [], prefix: 'crowd.100', prune: true })).json<SetDiffView>().orphaned,
    ).toHaveLength(3);
  });
});

describe('POST /schedules/import', () => {
  const crontab = 'CRON_TZ=Europe/Berlin\nHOME=/srv\n30 2 * * 1-5 ./backup.sh --full\n@hourly sync\n';
  const load = (query: string, raw = crontab) => send(`import?${query}`, raw, 'text/plain');

  it('takes each line as a schedule, the same ones when it comes again', async () => {
    const prefix = newPrefix();
    const query = `type=noop&prefix=${prefix}&queue=mail`;
    const dry = expectStatus(await load(`${query}&dry_run=true`), 200).json<SetDiffView>();
    const done = expectStatus(await load(query), 200).json<SetDiffView>();

    expect(dry).toEqual({ ...done, dry_run: true });
    expect(done.created).toHaveLength(2);
    expect(await api.show(done.created[0] ?? '')).toMatchObject({
      cron: '30 2 * * 1-5',
      timezone: 'Europe/Berlin',
      type: 'noop',
      queue: 'mail',
      payload: { command: './backup.sh --full', env: { HOME: '/srv' } },
    });
    expect((await load(query)).json<SetDiffView>().unchanged).toEqual(done.created);
    const shorter = await load(`${query}&prune=true`, crontab.replace('@hourly sync\n', ''));
    expect(shorter.json<SetDiffView>()).toMatchObject({ orphaned: [done.created[1]], pruned: true });
  });

  it('refuses all of a crontab with a bad line, and tells which', async () => {
    const prefix = newPrefix();
    const answer = await load(`type=noop&prefix=${prefix}`, `${crontab}0 25 * * * late\n@reboot start\n`);
    expect(faultsOf(expectStatus(answer, 400))).toMatchObject([{ field: 'line 5', position: 3 }, { field: 'line 6' }]);
    expect((await api.call('GET', `schedules?q=${prefix}`)).json().total).toBe(0);
  });

  it('needs a type and a text', async () => {
    expect(faultsOf(expectStatus(await load(''), 400))[0]?.field).toBe('type');
    expectStatus(await api.call('POST', 'schedules/import?type=noop', { body: {} }), 400);
    expectStatus(await send('import?type=noop', crontab, 'application/yaml'), 415);
    expectStatus(await load('type=noop', '* * * * * x\n'.repeat(501)), 400);
    expectStatus(await load('type=noop', `# ${'x'.repeat(1_100_000)}`), 413);
  });
});
