import { TaskRepository } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import type { Duty, DutyCounts } from '@millrace/scheduling';

const LIMIT = 1_000;
const MAX_BATCHES = 20;

/** Fails tasks that did not start before their `expires_at`. Their entries in Redis are dropped at the start gate. */
@Injectable()
export class ExpirePending implements Duty {
  readonly name = 'expire-pending';
  readonly intervalMs = 1_000;

  constructor(private readonly tasks: TaskRepository) {}

  async runOnce(signal?: AbortSignal): Promise<DutyCounts> {
    let expired = 0;
    for (let batch = 0; batch < MAX_BATCHES && !signal?.aborted; batch += 1) {
      const count = await this.tasks.expirePending(LIMIT);
      expired += count;
      if (count < LIMIT) break;
    }
    return { expired };
  }
}
