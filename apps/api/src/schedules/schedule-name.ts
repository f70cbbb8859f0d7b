import type { PipeTransform } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { SCHEDULE_NAME_PATTERN } from '@millrace/contracts';
import { invalidRequest } from '@millrace/runtime';

/** The name of a schedule in the path. */
export class ScheduleNamePipe implements PipeTransform<string, string> {
  transform(text: string): string {
    if (SCHEDULE_NAME_PATTERN.test(text)) return text;
    throw invalidRequest([{ field: 'name', message: `must match ${SCHEDULE_NAME_PATTERN.source}` }]);
  }
}

/** Documents it. */
export const ApiScheduleName = (): MethodDecorator =>
  ApiParam({ name: 'name', schema: { type: 'string', pattern: SCHEDULE_NAME_PATTERN.source } });
