import { describe, expect, it } from 'vitest';
import { replica, type OpenStores, withStores } from './scheduling.fixture';

let stores: OpenStores;
withStores((opened) => (stores = opened));

const find = (name: string) => stores.store.schedules.findByName(name);
const sql = (text: string) => stores.store.dataSource.query<unknown>(text);

/** What a deployment starts. */
async function deploy(name: string, spec: string, options = {}, application = 'test') {
  const started = replica(stores, undefined, { application });
  started.scheduler.addJob(spec, name, { type: 'noop', payload: null, options });
  await started.declare.runOnce();
  return started;
}

describe('a schedule that code declares', () => {
  it('is recorded with its policies, changed by the next deployment, and stays paused', async () => {
    await deploy('report', '0 6 * * *', { timezone: 'Asia/Tokyo', overlap: 'skip', maxRetry: 0 });
    await stores.store.schedules.pause({ name: 'report' }, { reason: 'broken', actor: 'ann' });

    await deploy('report', '0 7 * * *', { timezone: 'Asia/Tokyo', overlap: 'skip', maxRetry: 0 });

    expect(await find('report')).toMatchObject({
      ...{ source: 'code', cron: ['0 7 * * *'], timezone: 'Asia/Tokyo', overlap: 'skip', maxRetry: 0 },
      ...{ paused: true, pauseReason: 'broken', version: 2, orphanedAt: null },
    });
  });

  it('is recorded once by replicas that start together, and does not change with every restart', async () => {
    await Promise.all([1, 2, 3].map(() => deploy('steady', '@daily')));
    await deploy('steady', '@daily');

    expect(await find('steady')).toMatchObject({ version: 1 });
  });

  it('keeps the definition of the newest deployment while older replicas still run', async () => {
    const old = await deploy('rolling', '@daily');
    await deploy('rolling', '@hourly');

    await old.declare.runOnce();

    expect(await find('rolling')).toMatchObject({ cron: ['@hourly'] });
  });

  it('is orphaned when nobody has declared it for five minutes, and taken back when somebody does', async () => {
    const first = await deploy('dropped', '@daily');
    await sql(`UPDATE schedules SET declared_at = now() - interval '6 minutes' WHERE name = 'dropped'`);
    const other = await deploy('kept', '@daily');

    expect((await find('dropped'))?.orphanedAt).toBeInstanceOf(Date);
    expect((await find('kept'))?.orphanedAt).toBeNull();
    await other.fire.runOnce();
    await first.declare.runOnce();
    expect((await find('dropped'))?.orphanedAt).toBeNull();
  });

  it('does not take a schedule from an operator who has made one of its name', async () => {
    const definition = { ...(await deploy('theirs', '@daily')), ...(await find('theirs')) };
    await stores.store.schedules.remove({ name: 'theirs', actor: 'ann' });
    const next = { slotAt: new Date('2126-01-01T00:00:00Z'), runAt: new Date('2126-01-01T00:00:00Z') };
    await stores.store.schedules.put({
      ...{ name: 'theirs', definition: { ...definition, cron: ['@yearly'] } as never, next },
      ...{ actor: 'ann', source: 'api', mode: 'any' },
    });

    await deploy('theirs', '@hourly');

    expect(await find('theirs')).toMatchObject({ source: 'api', cron: ['@yearly'], version: 1 });
  });

  it('is left to the application that declares one of its name, until that declares it no more', async () => {
    await deploy('both', '@daily', {}, 'shop');
    const library = await deploy('both', '@hourly', {}, 'library');
    expect(await find('both')).toMatchObject({ declaredBy: 'shop', cron: ['@daily'], version: 1 });

    await sql(`UPDATE schedules SET declared_at = now() - interval '6 minutes' WHERE name = 'both'`);
    await library.declare.runOnce();
    await library.declare.runOnce();

    expect(await find('both')).toMatchObject({ declaredBy: 'library', cron: ['@hourly'], orphanedAt: null });
  });

  it('stays as it is when another application declares other ones', async () => {
    await deploy('of-the-shop', '@daily', {}, 'shop');
    await deploy('of-the-library', '@daily', {}, 'library');

    expect(await find('of-the-shop')).toMatchObject({ declaredBy: 'shop', orphanedAt: null });
    expect(await find('of-the-library')).toMatchObject({ declaredBy: 'library', orphanedAt: null });
  });
});
