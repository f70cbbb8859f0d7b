import { TaskEntity } from './entities';
import { columnsOf, rowReader } from './row-reader';

const COLUMNS = columnsOf(TaskEntity);

/** All columns of `tasks`, comma separated. */
export const TASK_COLUMNS = COLUMNS.join(', ');

/** Turns a selected row of `tasks` into a `TaskRow`. */
export const readTask = rowReader(TaskEntity);

/** All columns of row `alias` under their names and in the order of `TASK_COLUMNS`, some replaced by other expressions. */
export function taskColumnsWith(alias: string, changes: Readonly<Record<string, string>>): string {
  return COLUMNS.map((name) => (name in changes ? `${changes[name]} AS ${name}` : `${alias}.${name}`)).join(', ');
}

/** What every task becomes that waits again: nobody holds it. */
export const WAITING = {
  status: `'pending'`,
  worker_id: 'NULL::text',
  started_at: 'NULL::timestamptz',
  finished_at: 'NULL::timestamptz',
  cancel_requested_at: 'NULL::timestamptz',
  result: 'NULL::jsonb',
  updated_at: 'now()',
} as const;
