import { ApiProperty, ApiPropertyOptional, ApiSchema } from '@nestjs/swagger';
import { isUnstorable, QUEUE_PATTERN, TYPE_PATTERN } from '@millrace/contracts';
import { invalidRequest, type FieldProblem } from '@millrace/runtime';
import type { ScheduleFilter } from '@millrace/store';
import { readMoment, refuseUnknown } from '../body-fields';
import { isObject, type JsonObject } from '../json-object';

const MAX_REASON = 1_000;
const MAX_PART = 128;

/** Why a schedule is paused, or goes on. */
@ApiSchema({ name: 'ScheduleReason' })
export class ReasonBody {
  @ApiPropertyOptional({ type: String, nullable: true, minLength: 1, maxLength: MAX_REASON, example: 'Holidays' })
  readonly reason?: string | null;
}

@ApiSchema({ name: 'BackfillSchedule' })
export class BackfillBody {
  @ApiProperty({ type: String, format: 'date-time', description: 'Slots from here on.' })
  readonly from!: string;

  @ApiProperty({ type: String, format: 'date-time', description: 'Slots before here; at the latest now.' })
  readonly to!: string;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Answers the slots and submits nothing.' })
  readonly dry_run?: boolean;
}

/** Which schedules a bulk call is about; at least one member. */
@ApiSchema({ name: 'ScheduleBulkFilter' })
export class BulkFilterBody {
  @ApiPropertyOptional({ type: String, minLength: 1, maxLength: MAX_PART, description: 'Part of the name.' })
  readonly q?: string;

  @ApiPropertyOptional({ type: String, pattern: TYPE_PATTERN.source })
  readonly type?: string;

  @ApiPropertyOptional({ type: String, pattern: QUEUE_PATTERN.source })
  readonly queue?: string;

  @ApiPropertyOptional({ enum: ['api', 'code'] })
  readonly source?: string;

  @ApiPropertyOptional({ type: Boolean, description: 'Only those that no service declares any more, or only others.' })
  readonly orphaned?: boolean;
}

/** Pauses or resumes many schedules. */
@ApiSchema({ name: 'ScheduleBulk' })
export class BulkBody extends ReasonBody {
  @ApiProperty({ type: BulkFilterBody })
  readonly filter!: BulkFilterBody;

  @ApiPropertyOptional({ type: Boolean, default: false, description: 'Answers how many, and changes nothing.' })
  readonly dry_run?: boolean;
}

/** Reads a `ReasonBody`, which may be left out. */
export function readWhy(body: unknown): { readonly reason: string | null } {
  const errors: FieldProblem[] = [];
  const members = readMembers(body ?? {}, ['reason'], errors);
  return settled({ reason: readReason(members, errors) }, errors);
}

/** Reads a `BackfillBody`. */
export function readBackfill(body: unknown): { readonly from: Date; readonly to: Date; readonly dryRun: boolean } {
  const errors: FieldProblem[] = [];
  const members = readMembers(body, ['from', 'to', 'dry_run'], errors);
  for (const field of ['from', 'to']) {
    if (members[field] === undefined || members[field] === null) errors.push({ field, message: 'is required' });
  }
  const from = readMoment(members, 'from', errors, '') ?? new Date(0);
  const to = readMoment(members, 'to', errors, '') ?? new Date(0);
  return settled({ from, to, dryRun: readFlag(members, 'dry_run', errors) ?? false }, errors);
}

/** What a bulk call is about. */
export interface BulkRequest {
  readonly filter: ScheduleFilter;
  readonly reason: string | null;
  readonly dryRun: boolean;
}

/** Reads a `BulkBody`. */
export function readBulk(body: unknown): BulkRequest {
  const errors: FieldProblem[] = [];
  const members = readMembers(body, ['filter', 'reason', 'dry_run'], errors);
  const filter = readFilter(members.filter, errors);
  const reason = readReason(members, errors);
  return settled({ filter, reason, dryRun: readFlag(members, 'dry_run', errors) ?? false }, errors);
}

function readFilter(value: unknown, errors: FieldProblem[]): ScheduleFilter {
  if (!isObject(value) || Object.keys(value).length === 0) {
    errors.push({ field: 'filter', message: 'must be an object with one member at least: all at once is never meant' });
    return {};
  }
  refuseUnknown(value, ['q', 'type', 'queue', 'source', 'orphaned'], errors, 'filter.');
  const texts = (field: string, accepts: (text: string) => boolean, message: string): string | undefined => {
    const text = value[field];
    if (text === undefined) return undefined;
    if (typeof text === 'string' && accepts(text)) return text;
    errors.push({ field: `filter.${field}`, message });
    return undefined;
  };
  return {
    q: texts('q', (text) => isText(text, MAX_PART), `must be text of 1 to ${MAX_PART} characters`),
    type: texts('type', (text) => TYPE_PATTERN.test(text), `must match ${TYPE_PATTERN.source}`),
    queue: texts('queue', (text) => QUEUE_PATTERN.test(text), `must match ${QUEUE_PATTERN.source}`),
    source: texts('source', (text) => text === 'api' || text === 'code', 'must be api or code') as 'api' | 'code',
    orphaned: readFlag(value, 'orphaned', errors, 'filter.'),
  };
}

function readMembers(body: unknown, known: readonly string[], errors: FieldProblem[]): JsonObject {
  if (!isObject(body)) throw invalidRequest([{ field: '', message: 'the body must be a JSON object' }]);
  refuseUnknown(body, known, errors, '');
  return body;
}

function readReason({ reason }: JsonObject, errors: FieldProblem[]): string | null {
  if (reason === undefined || reason === null) return null;
  if (typeof reason === 'string' && isText(reason, MAX_REASON)) return reason;
  errors.push({ field: 'reason', message: `must be text of 1 to ${MAX_REASON} characters` });
  return null;
}

function readFlag(body: JsonObject, field: string, errors: FieldProblem[], prefix = ''): boolean | undefined {
  const value = body[field];
  if (value === undefined || typeof value === 'boolean') return value;
  errors.push({ field: prefix + field, message: 'must be true or false' });
  return undefined;
}

const isText = (text: string, max: number): boolean => text !== '' && text.length <= max && !isUnstorable(text);

function settled<T>(read: T, errors: readonly FieldProblem[]): T {
  if (errors.length > 0) throw invalidRequest(errors);
  return read;
}
