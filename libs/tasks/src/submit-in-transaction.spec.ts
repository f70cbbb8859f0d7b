import { NotInTransaction, StoreOptions, StoreUnavailable, SubmitNotices, type Store } from '@millrace/store';
import { eventually, ownPostgres, testRedis, type OwnPostgres, type TestRedis } from '@millrace/testing';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { InvalidTask } from './index';
import { openStores, type OpenStores } from './stores.fixture';
import { TaskIdTaken } from './task-errors';
import type { TaskSubmitter } from './task-submitter';

let postgres: OwnPostgres;
let redis: TestRedis;
let stores: OpenStores;
let store: Store;
let submitter: TaskSubmitter;
let notices: SubmitNotices;
/** Database ids the notices named, in their order. */
let heard: number[];

const hear = (ids: readonly number[]) => void heard.push(...ids);

beforeAll(async () => {
  [postgres, redis] = await Promise.all([ownPostgres(), testRedis()]);
  const places = { databaseUrl: postgres.url, redisUrl: redis.url, prefix: redis.prefix };
  stores = await openStores(places);
  ({ store, submitter } = stores);
  notices = new SubmitNotices(new StoreOptions(places));
  await notices.listen(hear);
});

beforeEach(() => {
  heard = [];
});

afterAll(async () => {
  await notices.onApplicationShutdown();
  await stores.close();
  await Promise.all([postgres.close(), redis.close()]);
});

const find = (taskId: string) => store.queries.findByTaskId(taskId);

/** Notices come in the order of commits: whatever was said before this has been heard. */
async function everythingHeard(timeoutMs = 5_000): Promise<void> {
  const marker = await store.dataSource.transaction((manager) => submitter.submit('noop', null, { manager }));
  await eventually(() => expect(heard.at(-1)).toBe(marker.id), timeoutMs);
  heard.pop();
}

describe('a submit in the transaction of its caller', () => {
  it('is seen and announced once that commits, and not before', async () => {
    const runner = store.dataSource.createQueryRunner();
    await runner.startTransaction();
    const { manager } = runner;
    const task = await submitter.submit('noop', { order: 1 }, { manager, taskId: 'order-1' });

    expect(task).toMatchObject({ taskId: 'order-1', created: true, dispatched: false });
    expect(await find('order-1')).toBeNull();
    await everythingHeard();
    expect(heard).toEqual([]);
    await runner.commitTransaction();
    await runner.release();

    await everythingHeard();
    expect(heard).toEqual([task.id]);
    expect(await find('order-1')).toMatchObject({ id: task.id, payload: { order: 1 }, status: 'pending' });
  });

  it('leaves nothing after a rollback: no task, no key, no notice', async () => {
    const unique = { key: 'undone', for: '1h' };
    const failing = store.dataSource.transaction(async (manager) => {
      await submitter.submit('noop', null, { manager, taskId: 'undone', unique });
      throw new Error('the caller changed its mind');
    });

    await expect(failing).rejects.toThrow('changed its mind');
    await everythingHeard();
    expect(heard).toEqual([]);
    expect(await find('undone')).toBeNull();
    expect((await submitter.submit('noop', null, { unique })).created).toBe(true);
  });

  it('is undone with its savepoint alone', async () => {
    const kept = await store.dataSource.transaction(async (manager) => {
      const before = await submitter.submit('noop', 1, { manager });
      const inner = manager.transaction(async (nested) => {
        await submitter.submit('noop', 2, { manager: nested, taskId: 'in-savepoint' });
        throw new Error('only this part');
      });
      await expect(inner).rejects.toThrow('only this part');
      return [before, await submitter.submit('noop', 3, { manager })];
    });

    await everythingHeard();
    expect(heard).toEqual(kept.map(({ id }) => id));
    expect(await find('in-savepoint')).toBeNull();
  });

  it('of many tasks announces each, one by one or at once', async () => {
    const submissions = Array.from({ length: 1_200 }, (_, n) => ({ type: 'noop', payload: n }));
    const ids = await store.dataSource.transaction(async (manager) => {
      const limit = () => manager.query<unknown>('SHOW statement_timeout');
      const before = await limit();
      const many = await submitter.submitMany(submissions, { manager });
      expect(await limit()).toEqual(before);
      const one = await submitter.submit('noop', null, { manager });
      return [...many, one].map(({ id }) => id);
    });

    await everythingHeard();
    expect(heard).toEqual(ids);
  });

  it('whose task_id is taken leaves the transaction usable, and takes none of a bulk', async () => {
    await submitter.submit('noop', null, { taskId: 'taken' });

    const kept = await store.dataSource.transaction(async (manager) => {
      await expect(submitter.submit('noop', 1, { manager, taskId: 'taken' })).rejects.toThrow(TaskIdTaken);
      const bulk = [
        { type: 'noop', payload: 1, options: { taskId: 'bulk-1' } },
        { type: 'noop', payload: 2, options: { taskId: 'taken' } },
      ];
      await expect(submitter.submitMany(bulk, { manager })).rejects.toThrow(TaskIdTaken);
      await expect(submitter.submit('no type', 1, { manager })).rejects.toThrow(InvalidTask);
      return submitter.submit('noop', 4, { manager });
    });

    await everythingHeard();
    expect(heard).toEqual([kept.id]);
    expect(await find('bulk-1')).toBeNull();
  });

  it('under a unique key answers with the task of the same transaction, and announces it once', async () => {
    const unique = { key: 'same-transaction', for: 'unfinished' };
    const [first, second] = await store.dataSource.transaction(async (manager) => [
      await submitter.submit('noop', 1, { manager, unique }),
      await submitter.submit('noop', 2, { manager, unique }),
    ]);

    expect(second).toMatchObject({ taskId: first?.taskId, payload: 1, created: false });
    await everythingHeard();
    expect(heard).toEqual([first?.id]);
  });

  it('under a unique key waits for a transaction that has it and takes over what that leaves', async () => {
    const unique = { key: 'contested', for: 'unfinished' };
    for (const end of ['commit', 'rollback'] as const) {
      const runner = store.dataSource.createQueryRunner();
      await runner.startTransaction();
      const first = await submitter.submit('noop', 1, { manager: runner.manager, unique });
      const waiting = submitter.submit('noop', 2, { unique });
      await eventually(async () => {
        const blocked: unknown = await store.dataSource.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
        );
        expect(blocked).toHaveLength(1);
      });
      if (end === 'commit') await runner.commitTransaction();
      else await runner.rollbackTransaction();
      await runner.release();

      const second = await waiting;
      expect(second.created).toBe(end === 'rollback');
      if (end === 'commit') expect(second.taskId).toBe(first.taskId);
      await store.tasks.cancelIfPending(second.taskId);
    }
  });

  it('that is left open holds up who asks for the same key, and no other', async () => {
    const unique = { key: 'left-open', for: '1h' };
    const runner = store.dataSource.createQueryRunner();
    await runner.startTransaction();
    await submitter.submit('noop', 1, { manager: runner.manager, unique });

    // In one batch: the neighbours of the one that waits are tried again without it.
    let ended = false;
    const waiting = submitter.submit('noop', 2, { unique }).finally(() => (ended = true));
    const neighbours = [1, 2].map((n) => submitter.submit('noop', n, { taskId: `neighbour-${n}` }));
    const refused = expect(waiting).rejects.toThrow(StoreUnavailable);
    const others = await Promise.all(Array.from({ length: 50 }, (_, n) => submitter.submit('noop', n)));

    expect([others.length, ended]).toEqual([50, false]);
    await refused;
    expect((await Promise.all(neighbours)).map(({ created }) => created)).toEqual([true, true]);
    await runner.rollbackTransaction();
    await runner.release();
  });

  it('of a stricter isolation that loses a race says so as PostgreSQL does, for the caller to run it again', async () => {
    const unique = { key: 'serialized', for: '1h' };
    const losing = store.dataSource.transaction('REPEATABLE READ', async (manager) => {
      await manager.query('SELECT 1');
      await submitter.submit('noop', 1, { unique });
      return submitter.submit('noop', 2, { manager, unique });
    });

    await expect(losing).rejects.toMatchObject({ driverError: { code: '40001' } });
    const again = await store.dataSource.transaction('SERIALIZABLE', (manager) =>
      submitter.submit('noop', 2, { manager, unique }),
    );
    expect(again).toMatchObject({ created: false, payload: 1 });
  });

  it('announces nothing when the caller dispatches', async () => {
    const task = await store.dataSource.transaction((manager) =>
      submitter.submit('noop', null, { manager, dispatchBy: 'caller' }),
    );

    await everythingHeard();
    expect(heard).toEqual([]);
    expect(await submitter.dispatch([task])).toBe(true);
  });

  it('refuses a manager without a transaction, where it would commit on its own', async () => {
    const { manager } = store.dataSource;

    await expect(submitter.submit('noop', null, { manager })).rejects.toThrow(NotInTransaction);
    await expect(submitter.submit('noop', null, { manager, taskId: 'alone' })).rejects.toThrow(NotInTransaction);
    await expect(submitter.submitMany([{ type: 'noop', payload: 1 }], { manager })).rejects.toThrow(NotInTransaction);
    expect(await find('alone')).toBeNull();
  });

  it('is announced by SQL as well', async () => {
    await store.dataSource.query(`SELECT millrace_submit('noop', task_id => 'by-sql')`);

    await everythingHeard();
    expect(heard).toEqual([(await find('by-sql'))?.id]);
  });
});

describe('who listens', () => {
  it('ignores what is no list of ids', async () => {
    for (const payload of ['', 'x', '1,', '1;DROP', '-1', '1.5', '9'.repeat(30)]) {
      await store.dataSource.query(`SELECT pg_notify('millrace_submitted', $1)`, [payload]);
    }

    await everythingHeard();
    expect(heard).toEqual([]);
  });

  it('listens again after its connection was ended, and says while the server is away', async () => {
    await store.dataSource.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'millrace-notices'`,
    );
    await eventually(async () => {
      await notices.listen(hear);
      await everythingHeard(500);
    });

    await postgres.kill('SIGKILL');
    await eventually(() => expect(notices.listen(hear)).rejects.toThrow('PostgreSQL is unavailable'));
    await postgres.restart();
    await eventually(async () => {
      await notices.listen(hear);
      await everythingHeard(500);
    }, 20_000);
  });
});
