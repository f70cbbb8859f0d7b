import type { Database } from './database';
import type { ScheduleAudit, ScheduleVersion } from './schedule-row';

/** Where a list of versions goes on: after this one. */
export interface VersionPlace {
  readonly scheduleId: number;
  readonly version: number;
}

/** A version and whose it is: a name may have been given again after its schedule was deleted. */
export interface NamedVersion extends ScheduleVersion, VersionPlace {}

/** An entry of the audit log and its place in it. */
export interface NamedAudit extends ScheduleAudit {
  readonly id: number;
}

const VERSIONS = `
  SELECT schedule_id::text AS "scheduleId", version, at, actor, action, definition FROM schedule_versions
  WHERE name = $1 AND ($2::bigint IS NULL OR (schedule_id, version) < ($2::bigint, $3::integer))
  ORDER BY schedule_id DESC, version DESC LIMIT $4`;

const AUDIT = `
  SELECT a.id::text, at, actor, action, schedule, coalesce(detail, '{}') AS detail FROM audit_log a
  WHERE schedule = $1 AND ($2::bigint IS NULL OR id < $2::bigint) ORDER BY a.id DESC LIMIT $3`;

/** See `ScheduleRepository.versions`. */
export async function versionsOf(
  db: Database,
  name: string,
  { after, limit }: { readonly after?: VersionPlace | undefined; readonly limit: number },
): Promise<NamedVersion[]> {
  const rows = await db.query<Omit<NamedVersion, 'scheduleId'> & { readonly scheduleId: string }>(VERSIONS, [
    name,
    after?.scheduleId ?? null,
    after?.version ?? null,
    limit,
  ]);
  return rows.map((row) => ({ ...row, scheduleId: Number(row.scheduleId) }));
}

/** See `ScheduleRepository.auditOf`. */
export async function auditOf(
  db: Database,
  name: string,
  { after, limit }: { readonly after?: number | undefined; readonly limit: number },
): Promise<NamedAudit[]> {
  const rows = await db.query<Omit<NamedAudit, 'id'> & { readonly id: string }>(AUDIT, [name, after ?? null, limit]);
  return rows.map((row) => ({ ...row, id: Number(row.id) }));
}
