import { isDeepStrictEqual } from 'node:util';
import type { Json } from '@millrace/contracts';

/** A field of a schedule that is not what it was. */
export interface FieldChange {
  readonly field: string;
  readonly from: Json;
  readonly to: Json;
}

type Fields = Readonly<Record<string, Json>>;

/** The fields in which two rules differ; the order of keys inside a payload is no difference. */
export function changesBetween(before: Fields, after: Fields): FieldChange[] {
  return Object.keys(after).flatMap((field) => {
    const [from = null, to = null] = [before[field], after[field]];
    return isDeepStrictEqual(from, to) ? [] : [{ field, from, to }];
  });
}
