import type { Database } from './database';
import { readSchedule, SCHEDULE_COLUMNS } from './schedule-columns';
import type { ScheduleRow } from './schedule-row';

/** How many schedules there are. One that is paused or orphaned counts as that alone. */
export interface ScheduleCounts {
  /** Has a next slot and goes on. */
  readonly active: number;
  readonly paused: number;
  readonly orphaned: number;
  /** Has no further slot. */
  readonly ended: number;
}

const DECLARE = `
  UPDATE schedules SET declared_at = now(), orphaned_at = NULL WHERE name = ANY ($1::text[]) AND source = 'code'
  RETURNING ${SCHEDULE_COLUMNS}`;

/** Before the first declaration under this rule the schedule's own age counts. */
const MARK_ORPHANED = `
  WITH orphaned AS (
    UPDATE schedules SET orphaned_at = now()
    WHERE source = 'code' AND orphaned_at IS NULL
      AND coalesce(declared_at, updated_at) < now() - $1::float8 * interval '1 ms'
    RETURNING name
  ), noted AS (
    INSERT INTO audit_log (actor, action, schedule, detail) SELECT 'scheduler', 'orphan_schedule', name, '{}' FROM orphaned
  )
  SELECT name FROM orphaned ORDER BY name`;

const COUNTS = `
  SELECT count(*) FILTER (WHERE paused)::integer AS paused,
    count(*) FILTER (WHERE NOT paused AND orphaned_at IS NOT NULL)::integer AS orphaned,
    count(*) FILTER (WHERE NOT paused AND orphaned_at IS NULL AND next_run_at IS NULL)::integer AS ended,
    count(*) FILTER (WHERE NOT paused AND orphaned_at IS NULL AND next_run_at IS NOT NULL)::integer AS active
  FROM schedules`;

/** See `ScheduleRepository.declare`. */
export async function declareSchedules(db: Database, names: readonly string[]): Promise<ScheduleRow[]> {
  const rows = await db.query(DECLARE, [names]);
  return rows.map(readSchedule);
}

/** See `ScheduleRepository.markOrphaned`. */
export async function markOrphaned(db: Database, silentMs: number): Promise<string[]> {
  const rows = await db.query<{ name: string }>(MARK_ORPHANED, [silentMs]);
  return rows.map(({ name }) => name);
}

/** See `ScheduleRepository.counts`. */
export async function countSchedules(db: Database): Promise<ScheduleCounts> {
  const [counts] = await db.query<ScheduleCounts>(COUNTS);
  return counts ?? { active: 0, paused: 0, orphaned: 0, ended: 0 };
}
