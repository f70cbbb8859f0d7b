import type { PipeTransform } from '@nestjs/common';
import { invalidRequest } from '@millrace/runtime';
import { isObject } from './json-object';

/** For calls that take no body: an empty object is one too. Anything else is refused rather than ignored. */
export class EmptyBodyPipe implements PipeTransform<unknown, undefined> {
  transform(body: unknown): undefined {
    if (body === undefined || body === null) return undefined;
    if (!isObject(body)) throw invalidRequest([{ field: '', message: 'the body must be empty' }]);
    const unknown = Object.keys(body).map((name) => ({ field: name.slice(0, 64), message: 'is not a known field' }));
    if (unknown.length > 0) throw invalidRequest(unknown);
    return undefined;
  }
}
