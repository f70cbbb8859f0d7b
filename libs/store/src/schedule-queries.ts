import type { SlotOutcome } from '@millrace/contracts';
import type { Database } from './database';
import { readSchedule, SCHEDULE_COLUMNS } from './schedule-columns';
import type {
  ScheduleFilter,
  SchedulePage,
  SchedulePageRequest,
  ScheduleRow,
  ScheduleRun,
  RunsRequest,
} from './schedule-row';
import type { FilterSql } from './task-filter';

const BY_NAME = `SELECT ${SCHEDULE_COLUMNS} FROM schedules WHERE name = $1`;

const BY_NAMES = `SELECT ${SCHEDULE_COLUMNS} FROM schedules WHERE name = ANY ($1::text[]) ORDER BY name`;

const BEYOND = `
  SELECT name FROM schedules WHERE source = 'api' AND starts_with(name, $1) AND name <> ALL ($2::text[])
  ORDER BY name LIMIT $3`;

/** A function, so that the search through the parts of `tasks` is planned once. */
const RUNS = (which: string): string => `
  SELECT r.slot_at AS "slotAt", r.outcome, r.origin, r.reason, r.late_ms AS "lateMs", r.created_at AS "decidedAt",
    r.task_id AS "taskId", t.id AS "taskDbId", t.status, t.attempt, t.started_at AS "startedAt",
    t.finished_at AS "finishedAt", t.error_code AS "errorCode"
  FROM (
    SELECT * FROM schedule_slots WHERE schedule_id = $1 AND slot_at < coalesce($2::timestamptz, 'infinity')${which}
    ORDER BY slot_at DESC LIMIT $3
  ) AS r
  LEFT JOIN LATERAL task_by_task_id(r.task_id) AS t ON r.task_id IS NOT NULL
  ORDER BY r.slot_at DESC`;

/** Written out, as partial indexes name the rare ones. */
const OF_OUTCOME: Readonly<Record<SlotOutcome, string>> = {
  submitted: ` AND outcome = 'submitted'`,
  waiting: ` AND outcome = 'waiting'`,
  skipped: ` AND outcome = 'skipped'`,
  refused: ` AND outcome = 'refused'`,
};

export async function findSchedule(db: Database, name: string): Promise<ScheduleRow | null> {
  const [row] = await db.query(BY_NAME, [name]);
  return row ? readSchedule(row) : null;
}

export async function findSchedules(db: Database, names: readonly string[]): Promise<ScheduleRow[]> {
  const rows = await db.query(BY_NAMES, [names]);
  return rows.map(readSchedule);
}

/** See `ScheduleRepository.namesBeyond`. */
export async function namesBeyond(
  db: Database,
  names: readonly string[],
  { prefix, limit }: { readonly prefix: string; readonly limit: number },
): Promise<string[]> {
  const rows = await db.query<{ name: string }>(BEYOND, [prefix, names, limit]);
  return rows.map(({ name }) => name);
}

/** See `ScheduleRepository.list`. */
export async function listSchedules(
  db: Database,
  filter: ScheduleFilter,
  { page = 1, pageSize, cursor = '' }: SchedulePageRequest,
): Promise<SchedulePage> {
  const { conditions, parameters } = scheduleFilterSql(filter, 0);
  const where = ['true', ...conditions].join(' AND ');
  const after = `$${parameters.length + 1}`;
  const [counted] = await db.query<{ n: number }>(
    `SELECT count(*)::integer AS n FROM schedules s WHERE ${where}`,
    parameters,
  );
  const rows = await db.query(
    `SELECT ${SCHEDULE_COLUMNS} FROM schedules s WHERE ${where} AND s.name > ${after} ORDER BY s.name LIMIT ${pageSize + 1} OFFSET ${cursor === '' ? (page - 1) * pageSize : 0}`,
    [...parameters, cursor],
  );
  const items = rows.slice(0, pageSize).map(readSchedule);
  return {
    items,
    total: counted?.n ?? 0,
    nextCursor: rows.length > pageSize ? (items.at(-1)?.name ?? null) : null,
  };
}

/** The filter as conditions on `schedules s`, its parameters numbered from `$first + 1`. */
export function scheduleFilterSql(filter: ScheduleFilter, first: number): FilterSql {
  const parameters: unknown[] = [];
  const conditions: string[] = [];
  const add = (value: unknown, condition: (parameter: string) => string): void => {
    if (value === undefined) return;
    parameters.push(value);
    conditions.push(condition(`$${first + parameters.length}`));
  };
  add(filter.q, (p) => `strpos(s.name, ${p}) > 0`);
  add(filter.type, (p) => `s.type = ${p}`);
  add(filter.queue, (p) => `s.queue = ${p}`);
  add(filter.source, (p) => `s.source = ${p}`);
  add(filter.paused, (p) => `s.paused = ${p}`);
  add(filter.orphaned, (p) => `(s.orphaned_at IS NOT NULL) = ${p}`);
  return { conditions, parameters };
}

/** The driver gives `bigint` as text. */
interface RunRow extends Omit<ScheduleRun, 'lateMs' | 'taskDbId'> {
  readonly lateMs: string;
  readonly taskDbId: string | null;
}

/** See `ScheduleRepository.runs`. */
export async function runsOf(
  db: Database,
  scheduleId: number,
  { before = null, outcome, limit }: RunsRequest,
): Promise<ScheduleRun[]> {
  const rows = await db.query<RunRow>(RUNS(outcome === undefined ? '' : OF_OUTCOME[outcome]), [
    scheduleId,
    before,
    limit,
  ]);
  return rows.map((row) => ({
    ...row,
    lateMs: Number(row.lateMs),
    taskDbId: row.taskDbId === null ? null : Number(row.taskDbId),
  }));
}
