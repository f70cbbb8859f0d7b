import { Logger } from '@nestjs/common';
import type { RecordedOutcome } from '@millrace/store';
import { dispatchOf } from '@millrace/tasks';
import type { FinishedAttempt } from './outcome-buffer';
import type { Settler } from './settler';
import type { Tally } from './tally';

const logger = new Logger('TaskFlow');

/** Counts and logs what an attempt has come to by the record, and queues the next one. `won` is null when another attempt had its place. */
export function tellOutcome(
  { settler, tally }: { readonly settler: Settler; readonly tally: Tally },
  { task, record }: FinishedAttempt,
  won: RecordedOutcome | null,
): void {
  const { taskId, attempt } = record;
  if (won === null) {
    logger.warn('An outcome came too late and was kept as superseded', { taskId, attempt });
    tally.superseded(task);
    return;
  }
  const { status, runAt } = won;
  const outcome = status === 'cancelled' ? 'cancelled' : record.outcome;
  tally.recorded(task, outcome, status);
  logger.debug('An attempt ended', { taskId, attempt, type: task.type, outcome, status });
  if (status !== 'pending' || runAt === null) return;
  const { retryCount, crashCount } = record;
  settler.dispatch(task.queue, dispatchOf({ ...task, attempt: won.attempt, retryCount, crashCount, runAt }));
}
