import type { PipeTransform } from '@nestjs/common';
import { TASK_ID_PATTERN } from '@millrace/contracts';
import { HttpProblem, invalidRequest } from '@millrace/runtime';

/** Largest bigint of PostgreSQL. */
const MAX_BIGINT = 9_223_372_036_854_775_807n;

/** A database id in the path. One that is no bigint answers 400; one that no row can have by now, 404. */
export class DatabaseIdPipe implements PipeTransform<string, number> {
  transform(text: string): number {
    if (!/^\d{1,19}$/.test(text) || BigInt(text) > MAX_BIGINT) {
      throw invalidRequest([{ field: 'id', message: 'must be the digits of a database id' }]);
    }
    const id = Number(text);
    if (!Number.isSafeInteger(id)) throw noSuchTask(text);
    return id;
  }
}

/** A task_id in the path. */
export class TaskIdPipe implements PipeTransform<string, string> {
  transform(text: string): string {
    if (TASK_ID_PATTERN.test(text)) return text;
    throw invalidRequest([{ field: 'task_id', message: `must match ${TASK_ID_PATTERN.source}` }]);
  }
}

/** 404 for an id that names no task. */
export function noSuchTask(id: string | number): HttpProblem {
  return new HttpProblem({ status: 404, code: 'no-such-task', detail: `There is no task ${id}.` });
}
