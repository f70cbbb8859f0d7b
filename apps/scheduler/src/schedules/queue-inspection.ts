import type { Json } from '@millrace/contracts';
import { Injectable } from '@nestjs/common';
import { ScheduledTask } from '@millrace/scheduling';

/** Asks a worker for a health report every hour; it stands in the task's result. */
@Injectable()
export class QueueInspection {
  @ScheduledTask('@hourly', {
    name: 'queue-inspection',
    type: 'queue_inspection',
    // An inspection that waited longer than this has been overtaken by the next one's findings.
    options: { maxRetry: 1, timeout: '1m', overlap: 'skip' },
  })
  payload(): Json {
    return {};
  }
}
