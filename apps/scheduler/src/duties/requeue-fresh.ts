import { Queues } from '@millrace/queue';
import { TaskQueries } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { dispatchRows } from './dispatch-rows';
import type { Duty, DutyCounts } from './duty';

/** A push follows its row within milliseconds; after this long it did not happen. */
const OLDER_THAN_MS = 2_000;

const PAGE = 1_000;

/** Pages of one run; the next one goes on from there. */
const MAX_PAGES = 20;

/**
 * Queues new rows whose push never happened: Redis was away, or the submitter died in between, or the row came by SQL.
 * Looks at each row once, soon after it came; whatever this misses the sweep of `requeue-missing` finds.
 */
@Injectable()
export class RequeueFresh implements Duty {
  readonly name = 'requeue-fresh';
  readonly intervalMs = 1_000;
  private afterId = 0;

  constructor(
    private readonly queries: TaskQueries,
    private readonly queues: Queues,
  ) {}

  async runOnce(signal?: AbortSignal): Promise<DutyCounts> {
    let requeued = 0;
    for (let page = 0; page < MAX_PAGES && !signal?.aborted; page += 1) {
      const rows = await this.queries.missingCandidates({
        afterId: this.afterId,
        olderThanMs: OLDER_THAN_MS,
        limit: PAGE,
      });
      // Only what Redis has taken is behind us: after an error the page is looked at again.
      requeued += await dispatchRows(this.queues, rows);
      this.afterId = rows.at(-1)?.id ?? this.afterId;
      if (rows.length < PAGE) break;
    }
    return { requeued };
  }
}
