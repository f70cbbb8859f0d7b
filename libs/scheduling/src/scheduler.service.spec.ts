import { InvalidSchedule } from '@millrace/schedules';
import { ScheduleNameTaken } from '@millrace/tasks';
import { signal } from '@millrace/testing';
import { describe, expect, it } from 'vitest';
import { replica, type OpenStores, withStores } from './scheduling.fixture';
import { InvalidScheduleName } from './scheduler-errors';
import type { Fire } from './timed-job';

let stores: OpenStores;
withStores((opened) => (stores = opened));

const tasksOf = async (name: string) => {
  const { id = 0 } = (await stores.store.schedules.findByName(name)) ?? {};
  const { items } = await stores.store.queries.list({ status: 'all', scheduleId: id }, { page: 1, pageSize: 100 });
  return items;
};

const service = () => replica(stores).scheduler;

describe('the scheduler', () => {
  it('submits one task a slot, queued, however many replicas run', async () => {
    const replicas = [1, 2, 3].map(() => replica(stores));
    for (const { scheduler } of replicas) scheduler.addJob('* * * * * *', 'tick', { type: 'noop', payload: { a: 1 } });
    await Promise.all(replicas.map(({ declare }) => declare.runOnce()));

    const round = () => Promise.all(replicas.map(({ fire }) => fire.runOnce()));
    await expect
      .poll(async () => (await round(), (await tasksOf('tick')).length), { timeout: 20_000 })
      .toBeGreaterThan(2);

    const tasks = await tasksOf('tick');
    const slots = tasks.map(({ slotAt }) => slotAt?.getTime() ?? 0).sort();
    expect(slots).toEqual(tasks.map((_task, n) => (slots[0] ?? 0) + n * 1_000));
    expect(tasks.every(({ status, payload }) => status === 'pending' && JSON.stringify(payload) === '{"a":1}')).toBe(
      true,
    );
    const depth = await stores.access.queues.of('default').depth();
    expect(depth.ready + depth.delayed).toBe(tasks.length);
    const runs = replicas.map(({ scheduler }) => scheduler.stats()[0]?.runs ?? 0);
    expect(runs.reduce((sum, count) => sum + count)).toBe(tasks.length);
  });

  it('makes the submission for each slot when it is a function', async () => {
    const { scheduler, declare, fire } = replica(stores);
    scheduler.addJob('* * * * * *', 'made', (slotAt) => ({ type: 'noop', payload: slotAt.toISOString() }));
    await declare.runOnce();

    await expect
      .poll(async () => (await fire.runOnce(), (await tasksOf('made')).length), { timeout: 10_000 })
      .toBeGreaterThan(0);

    const [task] = await tasksOf('made');
    expect(task?.payload).toBe(task?.slotAt?.toISOString());
  });

  it('runs functions and intervals, also those added after the start', async () => {
    const one = service();
    one.start();
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
    const one = service();
    const begun = signal();
    let ended = false;
    one.addInterval('10ms', 'slow', async ({ signal: stopping }) => {
      begun.fire();
      await new Promise((resolve) => stopping.addEventListener('abort', resolve));
      ended = true;
    });

    one.start();
    await begun.wait();
    await one.stop();

    expect(ended).toBe(true);
  });

  it('refuses two schedules of one name, whatever their kind', () => {
    const one = service();
    one.addFunc('@hourly', 'twice', () => undefined);

    expect(() => one.addInterval('1s', 'twice', () => undefined)).toThrow(ScheduleNameTaken);
    expect(() => one.addJob('@daily', 'twice', { type: 'noop', payload: null })).toThrow('"twice"');
  });

  it.each([
    [() => service().addFunc('61 * * * *', 'a', () => undefined), InvalidSchedule, 'minute'],
    [() => service().addJob('@often', 'a', { type: 'noop', payload: null }), InvalidSchedule, 'descriptor'],
    [() => service().addInterval('soon', 'a', () => undefined), Error, 'duration'],
    [() => service().addInterval(0, 'a', () => undefined), Error, 'duration'],
    [() => service().addFunc('@hourly', 'a b', () => undefined), InvalidScheduleName, '"a b"'],
  ])('refuses what means nothing, naming it', (add, kind, message) => {
    expect(add).toThrow(kind);
    expect(add).toThrow(message);
  });
});
