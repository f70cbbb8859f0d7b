import { testDatabase, type TestDatabase } from '@millrace/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { arrayLiteral, type ArrayItem } from './array-literal';
import { openStore, type Store } from './store';
import { StoreOptions } from './store-options';

let database: TestDatabase;
let store: Store;
beforeAll(async () => {
  database = await testDatabase();
  store = await openStore(new StoreOptions({ databaseUrl: database.url }));
});
afterAll(async () => {
  await store.close();
  await database.drop();
});

async function throughServer(type: string, values: readonly ArrayItem[]): Promise<unknown> {
  const [row] = await store.dataSource.query<[{ read: unknown }]>(`SELECT to_jsonb($1::${type}[]) AS read`, [
    arrayLiteral(values, (value) => value),
  ]);
  return row.read;
}

test('whatever a text holds, the server reads it as it was', async () => {
  const texts = ['', 'a', 'NULL', 'null', '"', '\\', '\\"', '{}', 'a,b', ' a ', 'ä\n\t\u2028🎉', null, "'"];

  expect(await throughServer('text', texts)).toEqual(texts);
});

test('numbers and instants are read as such, and an array without values as none', async () => {
  const at = new Date('2026-11-24T09:00:00.123Z');

  expect(await throughServer('bigint', [1, null, 2 ** 53])).toEqual([1, null, 2 ** 53]);
  expect(await throughServer('timestamptz', [at, null])).toEqual(['2026-11-24T09:00:00.123+00:00', null]);
  expect(await throughServer('text', [null, null])).toBeNull();
});
