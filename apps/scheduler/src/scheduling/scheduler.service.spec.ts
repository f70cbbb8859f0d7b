import { InvalidSchedule } from '@millrace/schedules';
import { signal, testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStores, replica, type OpenStores } from '../scheduler.fixture';
import { InvalidScheduleName, ScheduleNameTaken } from './scheduler-errors';
import type { Fire } from './timed-job';

let database: TestDatabase;
let redis: TestRedis;
let stores: OpenStores;

beforeAll(async () => {
  [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  stores = await openStores(database.url, redis.url, redis.prefix);
});

afterAll(async () => {
  await stores.close();
  await Promise.all([database.drop(), redis.close()]);
});

const tasksOf = async (name: string) => {
  const { id } = await stores.store.schedules.ensure({ name, spec: '* * * * * *', type: 'noop', payload: null });
  const { items } = await stores.store.queries.list({ status: 'all', scheduleId: id }, { page: 1, pageSize: 100 });
  return items;
};

describe('the scheduler', () => {
  it('submits one task a slot, queued, however many replicas run', async () => {
    const replicas = [1, 2, 3].map(() => replica(stores));
    for (const one of replicas) one.addJob('* * * * * *', 'tick', { type: 'noop', payload: { a: 1 } });

    await Promise.all(replicas.map((one) => one.start()));
    await expect.poll(() => tasksOf('tick'), { timeout: 20_000 }).toHaveLength(3);
    await Promise.all(replicas.map((one) => one.stop()));

    const tasks = await tasksOf('tick');
    const slots = tasks.map(({ slotAt }) => slotAt?.getTime() ?? 0).sort();
    expect(new Set(slots).size).toBe(tasks.length);
    expect(slots.every((slot) => slot % 1_000 === 0)).toBe(true);
    expect(tasks.every(({ status, payload }) => status === 'pending' && JSON.stringify(payload) === '{"a":1}')).toBe(
      true,
    );
    const depth = await stores.access.queues.of('default').depth();
    expect(depth.ready + depth.delayed).toBe(tasks.length);
    expect(replicas.map((one) => one.stats()[0]?.runs ?? 0).every((runs) => runs >= 3)).toBe(true);
  });

  it('makes the submission for each slot when it is a function', async () => {
    const one = replica(stores);
    one.addJob('* * * * * *', 'made', (slotAt) => ({ type: 'noop', payload: slotAt.toISOString() }));

    await one.start();
    await expect.poll(() => tasksOf('made'), { timeout: 10_000 }).not.toHaveLength(0);
    await one.stop();

    const [task] = await tasksOf('made');
    expect(task?.payload).toBe(task?.slotAt?.toISOString());
  });

  it('runs functions and intervals, also those added after the start', async () => {
    const one = replica(stores);
    await one.start();
    const [func, interval] = [signal<Fire>(), signal<Fire>()];

    one.addFunc('* * * * * *', 'func', (fire) => func.fire(fire));
    one.addInterval('100ms', 'interval', (fire) => interval.fire(fire));

    expect((await func.wait(10_000)).slotAt.getMilliseconds()).toBe(0);
    expect((await interval.wait(10_000)).signal.aborted).toBe(false);
    await one.stop();
    expect(one.stats().map(({ name, kind, nextRunAt }) => [name, kind, nextRunAt])).toEqual([
      ['func', 'func', null],
      ['interval', 'interval', null],
    ]);
  });

  it('waits at its stop for the function under way', async () => {
    const one = replica(stores);
    const begun = signal();
    let ended = false;
    one.addInterval('10ms', 'slow', async ({ signal: stopping }) => {
      begun.fire();
      await new Promise((resolve) => stopping.addEventListener('abort', resolve));
      ended = true;
    });

    await one.start();
    await begun.wait();
    await one.stop();

    expect(ended).toBe(true);
  });

  it('refuses two schedules of one name, whatever their kind', () => {
    const one = replica(stores);
    one.addFunc('@hourly', 'twice', () => undefined);

    expect(() => one.addInterval('1s', 'twice', () => undefined)).toThrow(ScheduleNameTaken);
    expect(() => one.addJob('@daily', 'twice', { type: 'noop', payload: null })).toThrow('"twice"');
  });

  it.each([
    [() => replica(stores).addFunc('61 * * * *', 'a', () => undefined), InvalidSchedule, 'minute'],
    [() => replica(stores).addJob('@often', 'a', { type: 'noop', payload: null }), InvalidSchedule, 'descriptor'],
    [() => replica(stores).addInterval('soon', 'a', () => undefined), Error, 'duration'],
    [() => replica(stores).addInterval(0, 'a', () => undefined), Error, 'duration'],
    [() => replica(stores).addFunc('@hourly', 'a b', () => undefined), InvalidScheduleName, '"a b"'],
  ])('refuses what means nothing, naming it', (add, kind, message) => {
    expect(add).toThrow(kind);
    expect(add).toThrow(message);
  });
});
