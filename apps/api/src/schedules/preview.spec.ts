import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { faultsOf } from '../testing/problem.fixture';
import type { PreviewView } from './preview.views';
import { expectStatus, startSchedulesApi, type SchedulesApi } from './schedules.fixture';

let api: SchedulesApi;

beforeAll(async () => {
  api = await startSchedulesApi();
});

afterAll(() => api.close());

describe('GET /schedules/preview', () => {
  const preview = (query: Record<string, string> | [string, string][]) =>
    api.call('GET', `schedules/preview?${new URLSearchParams(query).toString()}`);

  it('shows the next moments, and what the clock of the zone does there', async () => {
    const query = { cron: '30 2 * * *', timezone: 'Europe/Berlin', from: '2026-03-27T12:00:00Z', count: '3' };
    const answer = expectStatus(await preview(query), 200).json<PreviewView>();
    expect(answer.items).toEqual([
      { at: '2026-03-28T01:30:00.000Z', local: '2026-03-28T02:30:00.000+01:00', note: null },
      {
        at: '2026-03-29T01:00:00.000Z',
        local: '2026-03-29T03:00:00.000+02:00',
        note: 'the clock goes from 02:00 to 03:00 at this moment',
      },
      { at: '2026-03-30T00:30:00.000Z', local: '2026-03-30T02:30:00.000+02:00', note: null },
    ]);
    expect(answer.timezone).toBe('Europe/Berlin');
    expect(answer.zone_data).toMatch(/^\d{4}[a-z]$/);
  });

  it('shows intervals, and fewer moments when there are no more', async () => {
    const every = expectStatus(await preview({ every: '1h', phase: '5m', from: '2030-01-01T00:00:00Z' }), 200);
    expect(
      every
        .json<PreviewView>()
        .items.map(({ at }) => at)
        .slice(0, 2),
    ).toEqual(['2030-01-01T00:05:00.000Z', '2030-01-01T01:05:00.000Z']);
    const excluded = await preview({ cron: '0 0 25 12 *', exclude: '12-25, 01-01' });
    expect(expectStatus(excluded, 200).json<PreviewView>().items).toEqual([]);
  });

  it('shows what a schedule with its start, its end and its number of runs would have', async () => {
    const moments = async (query: Record<string, string>) =>
      expectStatus(await preview({ from: '2030-01-01T12:00:00Z', ...query }), 200)
        .json<PreviewView>()
        .items.map(({ at }) => at.slice(0, 10));

    const bounds = { starts_at: '2030-01-03T00:00:00Z', ends_at: '2030-01-06T00:00:00Z' };
    expect(await moments({ cron: '@daily', ...bounds })).toEqual(['2030-01-03', '2030-01-04', '2030-01-05']);
    expect(await moments({ cron: '@daily', ...bounds, max_runs: '2' })).toEqual(['2030-01-03', '2030-01-04']);
    expect(await moments({ cron: '@daily', ...bounds, exclude: '2030-01-04' })).toEqual(['2030-01-03', '2030-01-05']);
    expect(await moments({ at: '2030-02-01T00:00:00Z' })).toEqual(['2030-02-01']);
    const reversed = await preview({ cron: '@daily', starts_at: bounds.ends_at, ends_at: bounds.starts_at });
    expect(faultsOf(expectStatus(reversed, 400))[0]?.field).toBe('ends_at');
  });

  it('takes as many expressions as a schedule does', async () => {
    const both = await preview([
      ...[
        ['cron', '0 9 * * 1'],
        ['cron', '30 12 L * *'],
        ['count', '3'],
      ],
      ['from', '2030-01-27T12:00:00Z'],
    ] as [string, string][]);
    expect(expectStatus(both, 200).json<PreviewView>().items).toMatchObject([
      { at: '2030-01-28T09:00:00.000Z' },
      { at: '2030-01-31T12:30:00.000Z' },
      { at: '2030-02-04T09:00:00.000Z' },
    ]);

    const [bad] = faultsOf(
      expectStatus(
        await preview([
          ['cron', '@daily'],
          ['cron', '0 24 * * *'],
        ]),
        400,
      ),
    );
    expect(bad).toMatchObject({ field: 'cron[1]', position: 3 });
    const many = Array.from({ length: 21 }, (): [string, string] => ['cron', '@daily']);
    expect(faultsOf(expectStatus(await preview(many), 400))[0]?.message).toContain('1 to 20 expressions');
    const twice = await preview([
      ['cron', '@daily'],
      ['timezone', 'UTC'],
      ['timezone', 'UTC'],
    ]);
    expect(faultsOf(expectStatus(twice, 400))).toEqual([{ field: 'timezone', message: 'must be given once' }]);
  });

  it('needs a rule, and names a bad one', async () => {
    expect(faultsOf(expectStatus(await preview({}), 400))[0]?.field).toBe('cron');
    const bad = faultsOf(expectStatus(await preview({ cron: '0 6 * * mox', timezone: 'Mars/Base' }), 400));
    expect(bad).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ field: 'cron', position: 9 }),
        expect.objectContaining({ field: 'timezone' }),
      ]),
    );
    expect(faultsOf(expectStatus(await preview({ cron: '@daily', count: '101' }), 400))[0]?.field).toBe('count');
    const from = faultsOf(expectStatus(await preview({ cron: '@daily', from: '2030-13-01T00:00:00Z' }), 400))[0];
    expect(from).toMatchObject({ field: 'from', message: expect.stringContaining('must be an instant') as string });
  });
});
