import { failpoint, pause } from '@millrace/contracts';
import type { ChainableCommander, Redis } from 'ioredis';
import type { RedisConnections } from './connections';
import type { QueueKeys } from './keys';
import { untilReady } from './redis-ready';

/** A call that has not settled this long after its own timeout is taken for lost. */
const LATE_MS = 1_500;
/** How often a blocked call is asked to let go, and for how long before its connection is cut. */
const UNBLOCK_EVERY_MS = 25;
const UNBLOCK_TRIES = 20;
/** Pace while blocking is impossible: no connection, or a full Redis. */
const PACE_MS = 200;

/**
 * Blocks one idle worker on a queue's priority-0 list, on a connection of its own.
 *
 * - What arrives is moved to the worker's landing list, not into memory: a lost reply loses nothing.
 * - It never throws; while blocking is impossible it returns after a short pause, so that the caller polls.
 */
export class WorkWait {
  private redis: Redis | undefined;
  private clientId: Promise<number> | undefined;

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: QueueKeys,
    private readonly workerId: string,
  ) {}

  /**
   * Resolves when work may be there, after `timeoutMs`, or when the signal aborts: to the answer of what `addNext` sends right
   * behind, which Redis runs as soon as the wait has ended, whatever ended it. Undefined when there is no answer.
   */
  async wait(
    timeoutMs: number,
    signal?: AbortSignal,
    addNext?: (pipeline: ChainableCommander) => void,
  ): Promise<unknown> {
    if (signal?.aborted || timeoutMs <= 0) return undefined;
    const startedAt = performance.now();
    const redis = this.connection();
    if (!redis || !(await untilReady(redis, Math.min(timeoutMs, 1_000), signal)) || !this.clientId) {
      await this.pace(timeoutMs, signal);
      return undefined;
    }
    const left = timeoutMs - (performance.now() - startedAt);
    if (signal?.aborted || left < 1) return undefined;

    const released = new AbortController();
    const release = () => void this.unblock(redis, released.signal);
    const watchdog = setTimeout(() => this.forget(redis), left + LATE_MS);
    try {
      const pipeline = redis.pipeline();
      pipeline.blmove(this.keys.tasks, this.keys.landing(this.workerId), 'RIGHT', 'LEFT', left / 1000);
      addNext?.(pipeline);
      const answers = pipeline.exec();
      signal?.addEventListener('abort', release, { once: true });
      const [[error, landed] = [], [nextError, answer] = []] = (await answers) ?? [];
      if (landed) failpoint('after_landing');
      // Nothing can land in a full Redis, but what had landed before may have been claimed.
      if (error) await this.pace(timeoutMs, signal);
      return nextError ? undefined : answer;
    } catch {
      await this.pace(timeoutMs, signal);
      return undefined;
    } finally {
      clearTimeout(watchdog);
      signal?.removeEventListener('abort', release);
      released.abort();
    }
  }

  /** Ends the connection; a wait under way returns. */
  close(): void {
    if (this.redis) this.forget(this.redis);
  }

  private connection(): Redis | undefined {
    if (this.redis) return this.redis;
    try {
      const redis = this.connections.connect('wait');
      redis.on('ready', () => {
        this.clientId = redis.client('ID');
        this.clientId.catch(() => undefined);
      });
      this.redis = redis;
      return redis;
    } catch {
      return undefined;
    }
  }

  /**
   * Asks Redis to let go of the blocked call, so that nothing can land after the wait has returned. The call may
   * still be on its way, hence more than one try. A connection that does not let go is cut.
   */
  private async unblock(redis: Redis, released: AbortSignal): Promise<void> {
    const id = await this.clientId?.catch(() => undefined);
    for (let tries = 0; id !== undefined && tries < UNBLOCK_TRIES && !released.aborted; tries += 1) {
      await this.connections.commands.client('UNBLOCK', id).catch(() => undefined);
      await pause(UNBLOCK_EVERY_MS, released);
    }
    if (!released.aborted) this.forget(redis);
  }

  /** The next wait opens a new connection: one that lost a reply is not trusted to find it again. */
  private forget(redis: Redis): void {
    if (this.redis === redis) {
      this.redis = undefined;
      this.clientId = undefined;
    }
    this.connections.drop(redis);
  }

  private async pace(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    await pause(Math.min(timeoutMs, PACE_MS * (0.75 + Math.random() / 2)), signal);
  }
}
