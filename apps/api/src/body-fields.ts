import type { FieldProblem } from '@millrace/runtime';
import { isObject, type JsonObject } from './json-object';
import { readInstant } from './query-fields';

/** Adds a fault for each member that is not among the known. */
export function refuseUnknown(
  body: JsonObject,
  known: readonly string[],
  errors: FieldProblem[],
  prefix: string,
): void {
  for (const name of Object.keys(body)) {
    if (!known.includes(name)) errors.push({ field: prefix + name.slice(0, 64), message: 'is not a known field' });
  }
}

/** A member that is an object of known members, none of them null; a fault else. Undefined when it is absent or null. */
export function readNested(
  body: JsonObject,
  field: string,
  known: readonly string[],
  errors: FieldProblem[],
  prefix: string,
): unknown {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) {
    errors.push({ field: prefix + field, message: 'must be a JSON object' });
    return undefined;
  }
  refuseUnknown(value, known, errors, `${prefix}${field}.`);
  for (const name of known) {
    if (value[name] === null)
      errors.push({ field: `${prefix}${field}.${name}`, message: 'must not be null; leave it out' });
  }
  return value;
}

/** A member that is an instant; a fault when it is another thing. Undefined when it is absent or null. */
export function readMoment(body: JsonObject, field: string, errors: FieldProblem[], prefix: string): Date | undefined {
  const value = body[field];
  if (value === undefined || value === null) return undefined;
  try {
    return readInstant(value);
  } catch (error) {
    errors.push({ field: prefix + field, message: error instanceof Error ? error.message : String(error) });
    return undefined;
  }
}
