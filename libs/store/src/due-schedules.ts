import type { FinalStatus } from '@millrace/contracts';
import type { EntityManager } from 'typeorm';
import type { Database, RawRow } from './database';
import { readSchedule, SCHEDULE_COLUMNS } from './schedule-columns';
import type { Firing, ScheduleAdvance, ScheduleRow, ScheduleUnderWay } from './schedule-row';

/** Of operators, if those are its business, and of code that it has itself; see `firingParameters`. */
const MINE = `((source = 'api' AND $2::boolean) OR (source = 'code' AND declared_by = $3 AND name = ANY ($1::text[])))`;

/** By the index schedules_due; who is locked is in good hands. */
const LOCK_DUE = `
  SELECT ${SCHEDULE_COLUMNS}, now() AS seen_at FROM schedules
  WHERE NOT paused AND next_run_at <= now() AND ${MINE}
  ORDER BY next_run_at LIMIT $4 ${__MUTANT__ === 'slot_twice' ? '' : 'FOR UPDATE SKIP LOCKED'}`;

const NEXT = `
  SELECT next_run_at AS at, (extract(epoch FROM next_run_at - clock_timestamp()) * 1000)::float8 AS "inMs" FROM schedules
  WHERE NOT paused AND next_run_at IS NOT NULL AND ${MINE} ORDER BY next_run_at LIMIT 1`;

const LOCK_ONE = `SELECT ${SCHEDULE_COLUMNS}, now() AS seen_at FROM schedules WHERE name = $1 FOR UPDATE`;

const UNDER_WAY = `
  SELECT i.id::text,
    (SELECT count(*) FROM tasks_pending t WHERE t.schedule_id = i.id)::integer
      + (SELECT count(*) FROM tasks_processing t WHERE t.schedule_id = i.id)::integer AS unfinished,
    (SELECT count(*) FROM schedule_slots w WHERE w.schedule_id = i.id AND w.outcome = 'waiting')::integer AS waiting
  FROM unnest($1::bigint[]) AS i (id)`;

/** Slots whose tasks have not ended, or were cancelled, are looked past, up to so many. */
const LOOKED_PAST = 20;

const RECENT = `
  SELECT i.id::text, array_agg(t.status ORDER BY r.slot_at DESC) AS statuses
  FROM jsonb_to_recordset($1::jsonb) AS i (id bigint, n integer, since timestamptz)
  CROSS JOIN LATERAL (
    SELECT slot_at, task_id FROM schedule_slots w WHERE w.schedule_id = i.id AND w.outcome = 'submitted' AND w.created_at >= i.since
    ORDER BY slot_at DESC LIMIT i.n + ${LOOKED_PAST}
  ) AS r
  CROSS JOIN LATERAL task_by_task_id(r.task_id) AS t
  WHERE t.status IN ('success', 'failed', 'cancelled')
  GROUP BY i.id`;

const ADVANCE = `
  WITH advanced AS (
    UPDATE schedules s SET
      next_slot_at = a.next_slot_at, next_run_at = a.next_run_at, last_run_at = coalesce(a.last_run_at, s.last_run_at),
      run_count = s.run_count + a.runs, missed_count = s.missed_count + a.missed,
      paused = s.paused OR a.pause_reason IS NOT NULL, pause_reason = coalesce(a.pause_reason, s.pause_reason)
    FROM jsonb_to_recordset($1::jsonb) AS a (
      id bigint, next_slot_at timestamptz, next_run_at timestamptz, last_run_at timestamptz, runs integer,
      missed integer, pause_reason text
    )
    WHERE s.id = a.id RETURNING s.name, a.pause_reason
  ), noted AS (
    INSERT INTO audit_log (actor, action, schedule, detail)
    SELECT 'scheduler', 'pause_schedule', name, jsonb_build_object('reason', pause_reason) FROM advanced
    WHERE pause_reason IS NOT NULL
  )
  SELECT count(*) FROM advanced`;

/** When a schedule is due: the moment, and how long until then by the database's clock; below 0 when it is overdue. */
export interface NextRun {
  readonly at: Date;
  readonly inMs: number;
}

/** Schedules that are locked now, and the database's time at which they were found due. */
export interface LockedSchedules {
  readonly seenAt: Date;
  readonly schedules: readonly ScheduleRow[];
}

/** See `ScheduleRepository.lockDue`. */
export async function lockDue(
  db: Database,
  { firing, limit }: { readonly firing: Firing; readonly limit: number },
  manager: EntityManager,
): Promise<LockedSchedules> {
  return locked(await db.query<SeenRow>(LOCK_DUE, [...firingParameters(firing), limit], manager));
}

/** See `ScheduleRepository.lock`. */
export async function lockSchedule(db: Database, name: string, manager: EntityManager): Promise<LockedSchedules> {
  return locked(await db.query<SeenRow>(LOCK_ONE, [name], manager));
}

/** See `ScheduleRepository.nextRun`. */
export async function nextRun(db: Database, firing: Firing): Promise<NextRun | null> {
  const [row] = await db.query<NextRun>(NEXT, firingParameters(firing));
  return row ?? null;
}

/** What these schedules have under way. */
export async function underWayOf(
  db: Database,
  ids: readonly number[],
  manager: EntityManager,
): Promise<Map<number, ScheduleUnderWay>> {
  if (ids.length === 0) return new Map();
  const rows = await db.query<ScheduleUnderWay & { readonly id: string }>(UNDER_WAY, [ids], manager);
  return new Map(rows.map(({ id, unfinished, waiting }) => [Number(id), { unfinished, waiting }]));
}

/** See `ScheduleRepository.recentOutcomes`. */
export async function recentOutcomesOf(
  db: Database,
  wanted: readonly { readonly id: number; readonly count: number; readonly since: Date }[],
  manager: EntityManager,
): Promise<Map<number, readonly FinalStatus[]>> {
  if (wanted.length === 0) return new Map();
  const asked = JSON.stringify(wanted.map(({ id, count, since }) => ({ id, n: count, since })));
  const rows = await db.query<{ id: string; statuses: FinalStatus[] }>(RECENT, [asked], manager);
  return new Map(rows.map(({ id, statuses }) => [Number(id), statuses]));
}

/** See `ScheduleRepository.advance`. */
export async function advanceSchedules(
  db: Database,
  advances: readonly ScheduleAdvance[],
  manager: EntityManager,
): Promise<void> {
  const rows = advances.map(({ scheduleId, next, lastRunAt, runs, missed, pauseReason }) => ({
    id: scheduleId,
    next_slot_at: next?.slotAt ?? null,
    next_run_at: next?.runAt ?? null,
    last_run_at: lastRunAt,
    runs,
    missed,
    pause_reason: pauseReason,
  }));
  if (rows.length > 0) await db.query(ADVANCE, [JSON.stringify(rows)], manager);
}

/** The first three parameters of what looks for schedules to fire. */
export const firingParameters = ({ application, declared, scope }: Firing): readonly unknown[] => [
  declared,
  scope === 'all',
  application,
];

type SeenRow = RawRow & { readonly seen_at: Date };

function locked(rows: readonly SeenRow[]): LockedSchedules {
  return { seenAt: rows[0]?.seen_at ?? new Date(0), schedules: rows.map(readSchedule) };
}
