import { LockTimedOut } from '@millrace/store';
import { describe, expect, it } from 'vitest';
import { withStores, type OpenStores } from '../../../../libs/tasks/src/stores.fixture';
import { dutiesOf } from './duties.fixture';

/** That of `Partitions`, which a process that stopped in the middle of a change holds. */
const TURN = 7_231_004_519;

let stores: OpenStores;

withStores((opened) => (stores = opened));

describe('retention', () => {
  it('leaves what another process holds for its next moment, and fails nothing', async () => {
    const { pruneFinished } = dutiesOf(stores);
    const { partitions, dataSource } = stores.store;
    await dataSource.query('DROP TABLE ' + (await lastPartition()));

    await dataSource.transaction(async (other) => {
      await other.query('SELECT pg_advisory_xact_lock($1)', [TURN]);
      await expect(partitions.ensure()).rejects.toThrow(LockTimedOut);
      expect(await pruneFinished.runOnce()).toEqual({ partitionsCreated: 0, partitionsDropped: 0, tasksRemoved: 0 });
    });

    expect((await pruneFinished.runOnce()).partitionsCreated).toBe(1);
  });
});

/** The last one that was made ahead. */
async function lastPartition(): Promise<string> {
  const rows = await stores.store.dataSource.query<{ name: string }[]>(
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'tasks_success'::regclass AND c.relname NOT LIKE '%default' ORDER BY c.relname DESC LIMIT 1`,
  );
  return rows[0]?.name ?? '';
}
