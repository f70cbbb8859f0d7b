import { Logger } from '@nestjs/common';
import type { Queues } from '@millrace/queue';
import type { SpilledOutcome } from './spilled-outcome';

/** So long nobody else is given a task whose outcome lies on disk: time to start a worker with the same folder. */
export const SPILLED_HOLD_MS = 300_000;

const logger = new Logger('KeepSpilled');

/** Keeps the tasks of outcomes on disk from being run again for five minutes. Never rejects. */
export async function keepSpilled(queues: Queues, outcomes: readonly SpilledOutcome[]): Promise<void> {
  for (const name of new Set(outcomes.map(({ queue }) => queue))) {
    const holds = outcomes
      .filter(({ queue }) => queue === name)
      .map(({ token, record }) => ({ taskId: record.taskId, token }));
    try {
      await queues.of(name).keep(holds, { forMs: SPILLED_HOLD_MS });
    } catch (error) {
      logger.warn('Tasks of saved outcomes may run again', { queue: name, tasks: holds.length, error });
    }
  }
}
