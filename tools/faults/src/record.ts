import { eventually } from '@millrace/testing';
import { Client } from 'pg';
import type { Testbed } from './testbed';

/** Whatever a scenario waits for happens within this time, or never. */
const PATIENCE_MS = 60_000;

/** Rows of one statement. */
export async function rowsOf<R extends object>({ postgres }: Testbed, sql: string): Promise<R[]> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    return (await client.query<R>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** How many tasks the record has for which an SQL condition holds. */
export async function countTasks(testbed: Testbed, condition: string): Promise<number> {
  const [row] = await rowsOf<{ n: number }>(testbed, `SELECT count(*)::integer AS n FROM tasks WHERE ${condition}`);
  return row?.n ?? 0;
}

/** Waits until the record has at least so many such tasks. Throws after a minute. */
export async function untilTasks(testbed: Testbed, count: number, condition: string): Promise<void> {
  await eventually(async () => {
    const found = await countTasks(testbed, condition);
    if (found < count) throw new Error(`only ${found} of ${count} tasks are ${condition}`);
  }, PATIENCE_MS);
}
