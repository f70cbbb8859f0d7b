import { Injectable } from '@nestjs/common';
import { invalidRequest, type FieldProblem } from '@millrace/runtime';
import { ScheduleRepository, type ScheduleRow } from '@millrace/store';
import { ScheduleControl, ScheduleNotFound, ScheduleStateConflict, TaskPolicy } from '@millrace/tasks';
import type { JsonObject } from '../json-object';
import { ruleFaults } from './rule-faults';
import { readPatch, readSchedule, type ScheduleFields } from './schedule-fields';
import { definitionView } from './schedule.view';

const KINDS: readonly string[] = ['cron', 'every', 'at'];

/** Creates, replaces, changes and deletes schedules as bodies say; `actor` is who the audit log names. */
@Injectable()
export class WriteSchedules {
  constructor(
    private readonly control: ScheduleControl,
    private readonly schedules: ScheduleRepository,
    private readonly policy: TaskPolicy,
  ) {}

  /** Throws a 400 for bad members, `InvalidSchedule`, `ScheduleNameTaken`. */
  async create(body: unknown, actor: string): Promise<ScheduleRow> {
    const errors: FieldProblem[] = [];
    const fields = readSchedule(body, errors);
    const { name = '', input, paused } = this.settled(fields, fields?.name ?? '', withName(fields, errors));
    const { schedule } = await this.control.put({ name, input, paused, actor, mode: 'create', source: 'api' });
    return schedule;
  }

  /** Throws a 400 for bad members, `InvalidSchedule`, `ScheduleNotFound` and `ScheduleVersionMismatch` by `version`. */
  async replace(
    name: string,
    body: unknown,
    actor: string,
  ): Promise<{ readonly created: boolean; readonly schedule: ScheduleRow }> {
    const fields = this.readWhole(name, body);
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
      const fields = this.readWhole(name, merged(current, patch));
      const request = { ...fields, name, actor, mode: 'replace', source: 'api' } as const;
      return (await this.control.put(request, manager)).schedule;
    });
  }

  /** Throws `ScheduleNotFound`, `ScheduleStateConflict` while a service declares it, `ScheduleVersionMismatch`. */
  async remove(name: string, version: number | undefined, actor: string): Promise<void> {
    refuseDeclared(await this.schedules.findByName(name));
    await this.control.remove({ name, version, actor });
  }

  private readWhole(name: string, body: unknown): ScheduleFields {
    const errors: FieldProblem[] = [];
    const fields = readSchedule(body, errors);
    if (fields?.name !== undefined && fields.name !== name) {
      errors.push({ field: 'name', message: 'must be the name in the address' });
    }
    return this.settled(fields, name, errors);
  }

  /** Throws when there are faults, with those of the rule beside. */
  private settled(fields: ScheduleFields | null, name: string, errors: readonly FieldProblem[]): ScheduleFields {
    if (!fields) throw invalidRequest(errors);
    if (errors.length === 0) return fields;
    throw invalidRequest([...errors, ...ruleFaults(name, fields.input, { policy: this.policy, known: errors })]);
  }
}

/** A schedule that code declares would be there again at the next start. */
function refuseDeclared(schedule: ScheduleRow | null): void {
  if (schedule?.source !== 'code' || schedule.orphanedAt) return;
  throw new ScheduleStateConflict(schedule.name, 'is declared in the code of a service; change it there');
}

/** A new schedule needs a name. */
function withName(fields: ScheduleFields | null, errors: readonly FieldProblem[]): readonly FieldProblem[] {
  const isMissing = fields !== null && fields.name === undefined && !errors.some(({ field }) => field === 'name');
  return isMissing ? [...errors, { field: 'name', message: 'is required' }] : errors;
}

function merged(current: ScheduleRow, patch: JsonObject): JsonObject {
  const replacesKind = KINDS.some((kind) => patch[kind] !== undefined && patch[kind] !== null);
  const kept = Object.entries(definitionView(current)).filter(
    ([field]) => !replacesKind || !(KINDS.includes(field) || (field === 'phase' && !patch.every)),
  );
  return { ...Object.fromEntries(kept), ...patch };
}
