import type { FieldProblem } from '@millrace/runtime';
import { invalidRequest } from '@millrace/runtime';
import { refuseUnknown } from '../body-fields';
import { isObject } from '../json-object';
import { readSchedule, type ScheduleFields } from './schedule-fields';

/** Schedules of one set. */
export const MAX_SET = 500;

/** One schedule of a set. */
export interface SetEntry extends ScheduleFields {
  readonly name: string;
  /** What is wrong with its shape. */
  readonly faults: readonly FieldProblem[];
  /** What its faults are named: `schedules[3].cron[0]`, or by its line. */
  readonly fieldOf: (field: string) => string;
}

/** A set of schedules that is to be applied. */
export interface ScheduleSet {
  readonly entries: readonly SetEntry[];
  readonly dryRun: boolean;
  /** Deletes what the set no longer holds. */
  readonly prune: boolean;
  /** The set is about schedules whose names begin so, and about no others. */
  readonly prefix: string;
}

/** How a set is applied, from the address or the body. */
export interface SetOptions {
  readonly dry_run?: boolean | undefined;
  readonly prune?: boolean | undefined;
  readonly prefix?: string | undefined;
}

/** Reads `{schedules: [...]}` with options beside. Throws a 400 for faults of the set itself; those of its entries stand beside them. */
export function readSet(body: unknown, options: SetOptions): ScheduleSet {
  if (!isObject(body)) throw invalidRequest([{ field: '', message: 'the body must be an object with schedules' }]);
  const errors: FieldProblem[] = [];
  refuseUnknown(body, ['schedules', 'dry_run', 'prune', 'prefix'], errors, '');
  const flag = (field: 'dry_run' | 'prune'): boolean => {
    const value = body[field];
    if (value !== undefined && typeof value !== 'boolean') errors.push({ field, message: 'must be true or false' });
    if (value !== undefined && options[field] !== undefined) errors.push({ field, message: 'must be given once' });
    return value === true || options[field] === true;
  };
  const [dryRun, prune] = [flag('dry_run'), flag('prune')];
  const prefix = body.prefix ?? options.prefix ?? '';
  if (body.prefix !== undefined && options.prefix !== undefined) {
    errors.push({ field: 'prefix', message: 'must be given once' });
  }
  if (typeof prefix !== 'string' || prefix.length > 128) {
    errors.push({ field: 'prefix', message: 'must be text of at most 128 characters' });
  }
  const { schedules } = body;
  if (!Array.isArray(schedules) || schedules.length > MAX_SET) {
    errors.push({ field: 'schedules', message: `must be a list of at most ${MAX_SET} schedules` });
    throw invalidRequest(errors);
  }
  const entries = schedules.flatMap((item, index) => readEntry(item, index, errors));
  if (errors.length > 0) throw invalidRequest(errors);
  return { entries, dryRun, prune, prefix: typeof prefix === 'string' ? prefix : '' };
}

function readEntry(item: unknown, index: number, errors: FieldProblem[]): SetEntry[] {
  const faults: FieldProblem[] = [];
  const fields = readSchedule(item, faults);
  if (!fields) {
    errors.push({ field: `schedules[${index}]`, message: 'must be an object' });
    return [];
  }
  const { name = '' } = fields;
  if (fields.name === undefined && !faults.some(({ field }) => field === 'name')) {
    faults.push({ field: 'name', message: 'is required' });
  }
  return [{ ...fields, name, faults, fieldOf: (field) => `schedules[${index}].${field}` }];
}
