import { ApiProperty, ApiSchema } from '@nestjs/swagger';
import type { Json } from '@millrace/contracts';
import type { NamedAudit, NamedVersion } from '@millrace/store';
import { ANY_JSON, isObject } from '../json-object';
import { changesBetween, type FieldChange } from './changes';

const MOMENT = { type: String, format: 'date-time' } as const;

@ApiSchema({ name: 'ScheduleChange' })
export class ChangeView implements FieldChange {
  @ApiProperty({ type: String, example: 'cron' })
  readonly field!: string;

  @ApiProperty({ ...ANY_JSON, description: 'Before.' })
  readonly from!: Json;

  @ApiProperty({ ...ANY_JSON, description: 'After.' })
  readonly to!: Json;
}

@ApiSchema({ name: 'ScheduleVersion' })
export class VersionView {
  @ApiProperty({ type: 'integer' })
  readonly version!: number;

  @ApiProperty({ type: 'integer', description: 'A name may have been given again after its schedule was deleted.' })
  readonly schedule_id!: number;

  @ApiProperty(MOMENT)
  readonly at!: string;

  @ApiProperty({ type: String, description: 'Who made it: the name of a key, or `scheduler` for what code declares.' })
  readonly actor!: string;

  @ApiProperty({ enum: ['create', 'replace', 'delete'] })
  readonly action!: string;

  @ApiProperty({ type: 'object', additionalProperties: true, description: 'The rule, with the fields of a schedule.' })
  readonly definition!: Readonly<Record<string, Json>>;

  @ApiProperty({ type: [ChangeView], description: 'What it changed of the version before; none for the first.' })
  readonly changes!: readonly ChangeView[];
}

@ApiSchema({ name: 'ScheduleVersions' })
export class VersionPageView {
  @ApiProperty({ type: [VersionView], description: 'Newest first.' })
  readonly items!: readonly VersionView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it as `cursor` for the next page; null: this is the last.',
  })
  readonly next_cursor!: string | null;
}

@ApiSchema({ name: 'ScheduleAuditEntry' })
export class AuditView {
  @ApiProperty({ type: 'integer' })
  readonly id!: number;

  @ApiProperty(MOMENT)
  readonly at!: string;

  @ApiProperty({ type: String })
  readonly actor!: string;

  @ApiProperty({ type: String, example: 'pause_schedule' })
  readonly action!: string;

  @ApiProperty({ ...ANY_JSON, description: 'Such as the reason of a pause, or the version a change made.' })
  readonly detail!: Json;
}

@ApiSchema({ name: 'ScheduleAudit' })
export class AuditPageView {
  @ApiProperty({ type: [AuditView], description: 'Newest first.' })
  readonly items!: readonly AuditView[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Give it as `cursor` for the next page; null: this is the last.',
  })
  readonly next_cursor!: string | null;
}

/** Versions of one name, newest first, each compared with the one before it. */
export function versionViews(versions: readonly NamedVersion[]): VersionView[] {
  return versions.map((version, index) => {
    const older = versions[index + 1];
    const before = older?.scheduleId === version.scheduleId ? definitionOf(older) : undefined;
    const definition = definitionOf(version);
    return {
      version: version.version,
      schedule_id: version.scheduleId,
      at: version.at.toISOString(),
      actor: version.actor,
      action: version.action,
      definition,
      changes: before ? changesBetween(before, definition) : [],
    };
  });
}

/** An entry of the audit log as REST shows it. */
export function auditView({ id, at, actor, action, detail }: NamedAudit): AuditView {
  return { id, at: at.toISOString(), actor, action, detail };
}

const INSTANTS: readonly string[] = ['at', 'starts_at', 'ends_at'];

/** Columns under the names that REST has for them. */
function definitionOf({ definition }: NamedVersion): Record<string, Json> {
  if (!isObject(definition)) return {};
  const columns = definition as Readonly<Record<string, Json>>;
  return Object.fromEntries(
    Object.entries(columns).map(([column, value]) => {
      if (column === 'phase_ms' && columns.every_ms === null) return ['phase', null];
      if (column === 'cron' && Array.isArray(value) && value.length === 1) return ['cron', value[0] as Json];
      if (column === 'backoff' && isObject(value)) return ['backoff', backoffOf(value)];
      if (INSTANTS.includes(column) && typeof value === 'string') return [column, new Date(value).toISOString()];
      return [column.replace(/_ms$/, ''), value];
    }),
  );
}

function backoffOf({ maxMs, ...rest }: Readonly<Record<string, unknown>>): Json {
  return { ...rest, ...(maxMs === undefined ? {} : { max: maxMs }) } as Json;
}
