import { Queues } from '@millrace/queue';
import { TaskQueries, type MissingCandidate } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { dispatchMissing } from './dispatch-missing';
import type { Duty, DutyCounts } from '@millrace/scheduling';

/** A push follows its row within milliseconds; after this long somebody else had better do it. */
const OLDER_THAN_MS = 2_000;

/** Longer than any insert and push may take, also on a machine that is far behind: this push was lost, not slow. */
const SURELY_LOST_MS = 10_000;

const PAGE = 1_000;

/** Pages of one run; the next one goes on from there. */
const MAX_PAGES = 20;

/**
 * Queues new rows whose push did not happen: Redis was away, or the submitter died in between, or the row came by SQL.
 * One that may only be slow counts as `dispatched`, an ordinary thing; one that was lost as `requeued`.
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
    let dispatched = 0;
    let requeued = 0;
    const { queries, queues } = this;
    for (let page = 0; page < MAX_PAGES && !signal?.aborted; page += 1) {
      const candidates = await queries.missingCandidates({
        afterId: this.afterId,
        olderThanMs: OLDER_THAN_MS,
        limit: PAGE,
      });
      const isLost = ({ unchangedMs }: MissingCandidate) => unchangedMs >= SURELY_LOST_MS;
      requeued += await dispatchMissing({ queries, queues }, candidates.filter(isLost));
      dispatched += await dispatchMissing(
        { queries, queues },
        candidates.filter((candidate) => !isLost(candidate)),
      );
      // Only what Redis has taken is behind us: after an error the page is looked at again.
      this.afterId = candidates.at(-1)?.id ?? this.afterId;
      if (candidates.length < PAGE) break;
    }
    return { dispatched, requeued };
  }
}
