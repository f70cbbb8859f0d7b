import type { Database } from './database';
import { readSchedule, SCHEDULE_COLUMNS } from './schedule-columns';
import type { ScheduleRow } from './schedule-row';

const DECLARE = `
  UPDATE schedules SET declared_at = now(), orphaned_at = NULL WHERE name = ANY ($1::text[]) AND source = 'code' AND declared_by = $2
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

/** See `ScheduleRepository.declare`. */
export async function declareSchedules(
  db: Database,
  application: string,
  names: readonly string[],
): Promise<ScheduleRow[]> {
  const rows = await db.query(DECLARE, [names, application]);
  return rows.map(readSchedule);
}

/** See `ScheduleRepository.markOrphaned`. */
export async function markOrphaned(db: Database, silentMs: number): Promise<string[]> {
  const rows = await db.query<{ name: string }>(MARK_ORPHANED, [silentMs]);
  return rows.map(({ name }) => name);
}
