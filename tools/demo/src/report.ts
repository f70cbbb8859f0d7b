import { FINAL_STATUSES } from '@millrace/contracts';
import type { Client } from 'pg';
import type { Check } from './check';
import { KINDS, type PlannedTask } from './workload';

/** Prints a table of the kinds and how their tasks ended. */
export async function printKinds(tasks: readonly PlannedTask[], userId: string, database: Client): Promise<void> {
  const { rows } = await database.query<{ task_id: string; status: string; retry_count: number }>(
    'SELECT task_id, status, retry_count FROM tasks WHERE user_id = $1',
    [userId],
  );
  const ended = new Map(rows.map((row) => [row.task_id, row]));
  console.log(
    `\n  ${'kind'.padEnd(24)}${['tasks', ...FINAL_STATUSES, 'retries'].map((word) => word.padStart(10)).join('')}`,
  );
  for (const kind of KINDS) {
    const ofKind = tasks.filter((task) => task.kind === kind).map(({ taskId }) => ended.get(taskId));
    const counts = FINAL_STATUSES.map((status) => ofKind.filter((row) => row?.status === status).length);
    const retries = ofKind.reduce((sum, row) => sum + (row?.retry_count ?? 0), 0);
    const cells = [ofKind.length, ...counts, retries].map((count) => String(count || '').padStart(10)).join('');
    console.log(`  ${kind.name.padEnd(24)}${cells}`);
  }
}

/** Prints every check; answers whether all agree. */
export function printChecks(checks: readonly Check[]): boolean {
  console.log('');
  for (const { what, expected, found } of checks) {
    const agrees = expected === found;
    console.log(agrees ? `  ✓ ${what}: ${found}` : `  ✗ ${what}:\n      expected ${expected}\n      found    ${found}`);
  }
  return checks.every(({ expected, found }) => expected === found);
}

/** Prints how fast it went: the submit, the whole, and how late delayed tasks started. */
export async function printSpeed(
  tasks: readonly PlannedTask[],
  { submitMs, totalMs }: { readonly submitMs: number; readonly totalMs: number },
  userId: string,
  database: Client,
): Promise<void> {
  const { rows } = await database.query<{ p50: number | null; p99: number | null }>(
    `SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY late) AS p50, percentile_cont(0.99) WITHIN GROUP (ORDER BY late) AS p99
       FROM (SELECT extract(epoch FROM started_at - run_at)::float8 * 1000 AS late
               FROM tasks WHERE user_id = $1 AND priority = 9 AND run_at > created_at + interval '500 milliseconds'
                 AND started_at IS NOT NULL) delayed`,
    [userId],
  );
  const rate = (ms: number) => Math.round((tasks.length / ms) * 1_000);
  console.log(
    `\n  submitted in ${(submitMs / 1_000).toFixed(1)} s: ${rate(submitMs)} tasks/s, each recorded before it was acknowledged`,
  );
  console.log(
    `  all final in ${(totalMs / 1_000).toFixed(1)} s: ${rate(totalMs)} tasks/s, waits for retries and delays included`,
  );
  const [late] = rows;
  if (late && late.p50 !== null && late.p99 !== null) {
    console.log(
      `  delayed tasks started ${late.p50.toFixed(0)} ms after they were due (p50), ${late.p99.toFixed(0)} ms (p99)`,
    );
  }
}
