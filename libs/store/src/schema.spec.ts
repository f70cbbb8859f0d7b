import { testDatabase, type TestDatabase } from '@millrace/testing';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate, requiredSchemaVersion } from './migrate';
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

const TYPES: Readonly<Record<string, string>> = {
  text: 'text',
  bigint: 'bigint',
  integer: 'integer',
  smallint: 'smallint',
  boolean: 'boolean',
  jsonb: 'jsonb',
  timestamptz: 'timestamp with time zone',
};

test('an empty database is version 0; migrators at the same time apply each migration once', async () => {
  expect([await store.schemaVersion(), await store.isMigrated()]).toEqual([0, false]);
  const lines: string[] = [];

  await Promise.all(Array.from({ length: 5 }, () => migrate(database.url, (line) => lines.push(line))));

  expect(lines.filter((line) => line.startsWith('applied'))).toHaveLength(requiredSchemaVersion);
  expect([await store.schemaVersion(), await store.isMigrated()]).toEqual([requiredSchemaVersion, true]);
});

test('entities have the columns of the migrated tables, with their types and nullability', async () => {
  for (const { tableName, columns } of store.dataSource.entityMetadatas) {
    const declared = columns.map((column) => ({
      name: column.databaseName,
      type: column.isArray ? 'ARRAY' : TYPES[String(column.type)],
      nullable: column.isNullable,
    }));
    const migrated: unknown = await store.dataSource.query(
      `SELECT column_name AS name, data_type AS type, is_nullable = 'YES' AS nullable
       FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 ORDER BY 1`,
      [tableName],
    );
    expect(
      declared.sort((a, b) => (a.name < b.name ? -1 : 1)),
      tableName,
    ).toEqual(migrated);
  }
});

test('every table says what it is for', async () => {
  const silent: unknown = await store.dataSource.query(
    `SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname <> 'millrace_migrations'
       AND relnamespace = current_schema()::regnamespace AND obj_description(oid, 'pg_class') IS NULL`,
  );

  expect(silent).toEqual([]);
});
