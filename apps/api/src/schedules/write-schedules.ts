import { Injectable } from '@nestjs/common';
import { invalidRequest, type FieldProblem } from '@millrace/runtime';
import { ScheduleRepository, type ScheduleRow } from '@millrace/store';
import { ScheduleControl, ScheduleNotFound, ScheduleStateConflict } from '@millrace/tasks';
import type { JsonObject } from '../json-object';
import { readPatch, readSchedule, type ScheduleFields } from './schedule-fields';
import { definitionView } from './schedule.view';

const KINDS: readonly string[] = ['cron', 'every', 'at'];

/** Creates, replaces, changes and deletes schedules as bodies say; `actor` is who the audit log names. */
@Injectable()
export class WriteSchedules {
  constructor(
    private readonly control: ScheduleControl,
    private readonly schedules: ScheduleRepository,
  ) {}

  /** Throws a 400 for bad members, `InvalidSchedule`, `ScheduleNameTaken`. */
  async create(body: unknown, actor: string): Promise<ScheduleRow> {
    const errors: FieldProblem[] = [];
    const { name, input, paused } = readSchedule(body, errors);
    if (name === undefined) errors.push({ field: 'name', message: 'is required' });
    if (errors.length > 0 || name === undefined) throw invalidRequest(errors);
    const { schedule } = await this.control.put({ name, input, paused, actor, mode: 'create', source: 'api' });
    return schedule;
  }

  /** Throws a 400 for bad members, `InvalidSchedule`, `ScheduleNotFound` and `ScheduleVersionMismatch` by `version`. */
  async replace(
    name: string,
    body: unknown,
    actor: string,
  ): Promise<{ readonly created: boolean; readonly schedule: ScheduleRow }> {
    const fields = readWhole(name, body);
    const { kind, schedule } = await this.control.put({ ...fields, name, actor, mode: 'any', source: 'api' });
    return { created: kind === 'created', schedule };
  }

  /**
   * Changes some members; `null` takes one away, and one of `cron`, `every` and `at` takes the place of another.
   * Throws what `replace` throws.
   */
  async patch(name: string, body: unknown, actor: string): Promise<ScheduleRow> {
    const errors: FieldProblem[] = [];
    const patch = readPatch(body, errors);
    if (errors.length > 0) throw invalidRequest(errors);
    return this.schedules.transaction(async (manager) => {
      // Locked, so that of changes at the same time each is made to what the one before has left.
      const [current] = (await this.schedules.lock(name, manager)).schedules;
      if (!current) throw new ScheduleNotFound(name);
      const fields = readWhole(name, merged(current, patch));
      const request = { ...fields, name, actor, mode: 'replace', source: 'api' } as const;
      return (await this.control.put(request, manager)).schedule;
    });
  }

  /** Throws `ScheduleNotFound`, `ScheduleStateConflict` while a service declares it, `ScheduleVersionMismatch`. */
  async remove(name: string, version: number | undefined, actor: string): Promise<void> {
    refuseDeclared(await this.schedules.findByName(name));
    await this.control.remove({ name, version, actor });
  }
}

/** A schedule that code declares would be there again at the next start. */
function refuseDeclared(schedule: ScheduleRow | null): void {
  if (schedule?.source !== 'code' || schedule.orphanedAt) return;
  throw new ScheduleStateConflict(schedule.name, 'is declared in the code of a service; change it there');
}

function readWhole(name: string, body: unknown): ScheduleFields {
  const errors: FieldProblem[] = [];
  const fields = readSchedule(body, errors);
  if (fields.name !== undefined && fields.name !== name) {
    errors.push({ field: 'name', message: 'must be the name in the address' });
  }
  if (errors.length > 0) throw invalidRequest(errors);
  return fields;
}

function merged(current: ScheduleRow, patch: JsonObject): JsonObject {
  const replacesKind = KINDS.some((kind) => patch[kind] !== undefined && patch[kind] !== null);
  const kept = Object.entries(definitionView(current)).filter(
    ([field]) => !replacesKind || !(KINDS.includes(field) || (field === 'phase' && !patch.every)),
  );
  return { ...Object.fromEntries(kept), ...patch };
}
