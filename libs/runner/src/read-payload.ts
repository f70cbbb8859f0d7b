import type { Type } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { validateSync, type ValidationError } from 'class-validator';
import { NonRetryableError } from '@millrace/tasks';

/** Faults listed in one error message. */
const LISTED = 10;

/**
 * Reads a payload into a class whose fields carry class-validator's decorators; an initial value is the default of an
 * absent field. Unknown fields are refused, so that a misspelt option is not ignored.
 *
 * Throws `NonRetryableError` that names every bad field: no retry can mend a payload.
 */
export function readPayload<T extends object>(Payload: Type<T>, payload: unknown): T {
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw new NonRetryableError('payload must be an object');
  }
  const value = plainToInstance(Payload, payload, { exposeDefaultValues: true });
  // A class without fields is one that takes an empty object.
  const faults = validateSync(value, { whitelist: true, forbidNonWhitelisted: true, forbidUnknownValues: false });
  if (faults.length > 0) throw new NonRetryableError(`payload: ${linesOf(faults).slice(0, LISTED).join('; ')}`);
  return value;
}

function linesOf(faults: readonly ValidationError[], parent = ''): string[] {
  return faults.flatMap(({ property, constraints = {}, children = [] }) => {
    const path = parent ? `${parent}.${property}` : property;
    const rules = Object.values(constraints).map((rule) => `${path} ${rule.replace(property, '').trim()}`);
    return [...rules, ...linesOf(children, path)];
  });
}
