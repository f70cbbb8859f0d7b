import pg from 'pg';
import { BackendCpu } from './server.mjs';

const schemaOf = (name) => `layout_${name}`;

/** Builds one candidate from `seed`: rows first, then indexes, then statistics. */
export async function fillCandidate(admin, name, candidate, from) {
  await dropCandidate(admin, name);
  await admin.query(`CREATE SCHEMA ${schemaOf(name)}`);
  await admin.query(`SET search_path = ${schemaOf(name)}, public`);
  const tables = typeof candidate.tables === 'function' ? candidate.tables(from) : candidate.tables;
  for (const statement of [...tables, ...candidate.fill, ...candidate.indexes]) await admin.query(statement);
  await refreshStatistics(admin, name);
  await admin.query('RESET search_path');
}

/** VACUUM ANALYZE of this candidate's tables alone. */
export async function refreshStatistics(client, name) {
  const { rows } = await client.query(
    `SELECT string_agg(oid::regclass::text, ', ') AS tables FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind IN ('r', 'p')`,
    [schemaOf(name)],
  );
  await client.query(`VACUUM ANALYZE ${rows[0].tables}`);
}

/** A connection of its own, so that its backend's CPU is the candidate's alone. */
export async function openCandidate(name, sql) {
  const client = new pg.Client({
    connectionString: process.env.DATABASE_URL,
    options: `-c search_path=${schemaOf(name)},public`,
  });
  await client.connect();
  return { name, sql, client, cpu: await BackendCpu.of(client) };
}

export async function dropCandidate(admin, name) {
  await admin.query(`DROP SCHEMA IF EXISTS ${schemaOf(name)} CASCADE`);
}

/** Bytes per row, heap (with TOAST) and indexes apart. */
export async function sizeOf(admin, name, rows) {
  const { rows: sizes } = await admin.query(
    `SELECT sum(pg_table_size(c.oid)) AS heap, sum(pg_indexes_size(c.oid)) AS indexes
FROM pg_class c WHERE c.relnamespace = $1::regnamespace AND c.relkind = 'r'`,
    [schemaOf(name)],
  );
  const perRow = (bytes) => Math.round(Number(bytes) / rows);
  return `heap ${perRow(sizes[0].heap)} B/row, indexes ${perRow(sizes[0].indexes)} B/row`;
}
