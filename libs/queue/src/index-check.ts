import { chunksOf } from './chunks';
import type { RedisConnections } from './connections';
import type { QueueKeys } from './keys';
import type { IndexTrust, WaitingTask } from './queue-entries';
import { scripts } from './scripts';
import { pause } from './waiting';

/** How much later than recorded a waiting entry may be due: nobody puts one back for longer, whatever the reason. */
const PUT_BACK_MS = 30_000;
/** Between two looks that must agree before entries count as lost. */
const LOOK_AGAIN_MS = 250;
/** Workers whose landing lists are counted. */
const MOST_WORKERS = 10_000;
/** Entries due in the same millisecond that are looked at to find one. */
const FORGET_LIMIT = 100;

/** What the index of one queue tells about its tasks, and whether it tells the truth. */
export class IndexCheck {
  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: QueueKeys,
  ) {}

  /** See `TaskQueue.missing`. */
  async missing(tasks: readonly WaitingTask[], trust: IndexTrust): Promise<string[]> {
    const { idx, processing } = this.keys;
    const missing: string[] = [];
    for (const chunk of chunksOf(tasks)) {
      const fields = chunk.flatMap(({ taskId, attempt, dueAtMs }) => [taskId, attempt, Math.ceil(dueAtMs ?? 0)]);
      const args = [trust, PUT_BACK_MS, ...fields];
      const found = await this.connections.run((redis) => scripts.missing.run(redis, [idx, processing], args));
      for (const taskId of found) missing.push(taskId);
    }
    return missing;
  }

  /** See `TaskQueue.lostEntries`. */
  async lostEntries(): Promise<number> {
    const excess = await this.excess();
    if (excess <= 0) return 0;
    // A worker that came between the question who there is and the count has its landing list counted now.
    await pause(LOOK_AGAIN_MS);
    return Math.max(0, Math.min(excess, await this.excess()));
  }

  /** See `TaskQueue.dropIndex`. */
  async drop(): Promise<void> {
    await this.connections.run((redis) => redis.unlink(this.keys.idx));
  }

  /** See `TaskQueue.forget`. */
  async forget(taskId: string, attempt: number): Promise<boolean> {
    const { idx, delayed } = this.keys;
    const removed = await this.connections.run((redis) =>
      scripts.forget.run(redis, [idx, delayed], [taskId, attempt, FORGET_LIMIT]),
    );
    return removed > 0;
  }

  /** How many more entries the index counts than there are. */
  private async excess(): Promise<number> {
    const { workers, landing, delayed, processing, bad, unrecorded, idx, ready: lists } = this.keys;
    const counts = await this.connections.run(async (redis) => {
      const known = await redis.zrange(workers, '0', String(MOST_WORKERS - 1));
      return scripts.depth.run(redis, [delayed, processing, bad, unrecorded, idx, ...lists, ...known.map(landing)], []);
    });
    const [ready = 0, waiting = 0, , , , indexed = 0, landed = 0] = counts;
    return indexed - ready - waiting - landed;
  }
}
