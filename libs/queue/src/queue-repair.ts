import { pause } from '@millrace/contracts';
import type { Redis } from 'ioredis';
import type { BadEntries } from './bad-entries';
import { chunksOf, groupsOf } from './chunks';
import type { RedisConnections } from './connections';
import type { QueueKeys } from './keys';
import type { BadHold, ExpiredHold, IndexTrust, WaitingTask } from './queue-entries';
import { readTaken } from './read-taken';
import { scripts } from './scripts';
import { sweepLanding } from './sweep-landing';

/** How much later than recorded a waiting entry may be due: nobody puts one back for longer, whatever the reason. */
const PUT_BACK_MS = 30_000;
/** Between two looks that must agree before entries count as lost. */
const LOOK_AGAIN_MS = 250;
/** Workers whose landing lists are counted, and that are listed as heard from. */
const MOST_WORKERS = 10_000;
/** Holds that one search for expired ones looks at. */
const SEARCH_LIMIT = 500;
/** Silent workers that one sweep looks after. */
const SWEEP_WORKERS = 100;

export interface RepairParts {
  readonly queue: string;
  readonly connections: RedisConnections;
  readonly keys: QueueKeys;
  readonly bad: BadEntries;
  readonly maxPayloadBytes: number;
}

/**
 * What one queue has lost, and who has left it: the questions that the repair asks, and what it does about Redis alone.
 * What it concludes about tasks it does through the record.
 *
 * Every method throws `QueueUnavailable` while Redis is away.
 */
export class QueueRepair {
  /** Where the search for holds without a lease goes on. */
  private orphanCursor = '0';

  constructor(private readonly parts: RepairParts) {}

  /**
   * Which of these pending tasks the queue does not have, by id: neither held nor waiting with their attempt or a later
   * one. What was put back for up to 30 s, such as a task that no worker serves now, is there. `doubted` is for a queue
   * in which nothing is ready. Any number of tasks.
   */
  async missing(tasks: readonly WaitingTask[], trust: IndexTrust = 'trusted'): Promise<string[]> {
    const { connections, keys } = this.parts;
    const missing: string[] = [];
    for (const chunk of chunksOf(tasks)) {
      const fields = chunk.flatMap(({ taskId, attempt, dueAtMs }) => [taskId, attempt, Math.ceil(dueAtMs ?? 0)]);
      const args = [trust, PUT_BACK_MS, ...fields];
      const found = await connections.run((redis) => scripts.missing.run(redis, [keys.idx, keys.processing], args));
      for (const taskId of found) missing.push(taskId);
    }
    return missing;
  }

  /**
   * How many entries the lists and the delayed set have surely lost: the index counts so many more than they and the
   * landing lists hold, in two looks a moment apart. Entries that others wrote can only hide a loss, never feign one.
   */
  async lostEntries(): Promise<number> {
    const excess = await this.excess();
    if (excess <= 0) return 0;
    // A worker that came between the question who there is and the count has its landing list counted now.
    await pause(LOOK_AGAIN_MS);
    return Math.max(0, Math.min(excess, await this.excess()));
  }

  /**
   * Drops the index after a loss: it would count what was lost for ever, also for tasks that have ended meanwhile. The
   * repair builds it again by queueing what then seems missing; the start gate drops the duplicates.
   */
  async dropIndex(): Promise<void> {
    const { connections, keys } = this.parts;
    await connections.run((redis) => redis.unlink(keys.idx));
  }

  /**
   * Up to `limit` (at most 500) holds whose lease ran out `graceMs` ago, and holds without a lease. The search for the
   * latter goes on where the last call ended, so that several calls may be needed to see them all.
   */
  async expired({ graceMs, limit }: { graceMs: number; limit: number }): Promise<ExpiredHold[]> {
    const { queue, connections, keys, bad, maxPayloadBytes } = this.parts;
    const args = [graceMs, Math.min(limit, SEARCH_LIMIT), this.orphanCursor];
    const [cursor, ...fields] = await connections.run((redis) =>
      scripts.expired.run(redis, [keys.processing, keys.leases], args),
    );
    this.orphanCursor = cursor;

    const found: ExpiredHold[] = [];
    const malformed: BadHold[] = [];
    for (const [taskId, expiry, holder] of groupsOf(fields, 3)) {
      const [, token = '', workerId = '', json = ''] = /^(\S+) (\S+) -?\d+ (.*)$/s.exec(holder) ?? [];
      const read = readTaken(taskId, json, maxPayloadBytes);
      const expiresAtMs = expiry === '' ? null : Number(expiry);
      if ('fault' in read) malformed.push({ taskId, token, reason: read.fault });
      else
        found.push({
          taskId,
          token,
          queue,
          attempt: read.attempt,
          priority: read.priority,
          json,
          workerId,
          expiresAtMs,
        });
    }
    await bad.setAside(malformed);
    return found;
  }

  /** Which of these tasks are held under a lease that runs, by id. Any number of tasks. */
  async leased(taskIds: readonly string[]): Promise<string[]> {
    const { connections, keys } = this.parts;
    const leased: string[] = [];
    for (const chunk of chunksOf(taskIds)) {
      const [nowMs, expiries] = await connections.run((redis) =>
        Promise.all([redisNowMs(redis), redis.zmscore(keys.leases, ...chunk)]),
      );
      leased.push(...chunk.filter((_, index) => Number(expiries[index] ?? 0) > nowMs));
    }
    return leased;
  }

  /** Workers that were heard from within the last `withinMs`, by Redis' own clock; at most 10,000. */
  async beatingWorkers({ withinMs }: { withinMs: number }): Promise<string[]> {
    return this.workersBetween((nowMs) => [nowMs - withinMs, '+inf'], MOST_WORKERS);
  }

  /** Gives back what landed for workers that have been silent for `olderThanMs`. Returns how many tasks that were. */
  async sweepLandings({ olderThanMs }: { olderThanMs: number }): Promise<number> {
    const { connections, keys } = this.parts;
    const silent = await this.workersBetween((nowMs) => ['-inf', nowMs - olderThanMs], SWEEP_WORKERS);
    let moved = 0;
    for (const workerId of silent) {
      moved += Math.max(0, await sweepLanding(connections, keys, { workerId, olderThanMs }));
    }
    return moved;
  }

  private workersBetween(
    bounds: (nowMs: number) => readonly [number | string, number | string],
    limit: number,
  ): Promise<string[]> {
    return this.parts.connections.run(async (redis) => {
      const [from, to] = bounds(await redisNowMs(redis));
      return redis.zrangebyscore(this.parts.keys.workers, from, to, 'LIMIT', 0, limit);
    });
  }

  /** How many more entries the index counts than there are. */
  private async excess(): Promise<number> {
    const { connections, keys } = this.parts;
    const { workers, landing, delayed, processing, bad, unrecorded, idx, ready: lists } = keys;
    const counts = await connections.run(async (redis) => {
      const known = await redis.zrange(workers, '0', String(MOST_WORKERS - 1));
      return scripts.depth.run(redis, [delayed, processing, bad, unrecorded, idx, ...lists, ...known.map(landing)], []);
    });
    const [ready = 0, waiting = 0, , , , indexed = 0, landed = 0] = counts;
    return indexed - ready - waiting - landed;
  }
}

async function redisNowMs(redis: Redis): Promise<number> {
  const [seconds, microseconds] = await redis.time();
  return Number(seconds) * 1_000 + Math.floor(Number(microseconds) / 1_000);
}
