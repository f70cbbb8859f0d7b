import { pause } from '@millrace/contracts';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import type { RedisConnections } from './connections';
import type { QueueKeys } from './keys';

/** Where Redis announces invalidated keys to a client that speaks RESP2. */
const INVALIDATIONS = '__redis__:invalidate';
/** Look again this often while Redis does not announce changes. */
const POLL_MS = 100;
/** A storm of changes answers at most this often, so that it cannot keep the caller busy. */
const SETTLE_MS = 5;

/**
 * Tells when a queue's delayed set may have changed, whoever changed it: a raw `ZADD` or a `FLUSHALL` as well.
 *
 * Redis announces changes through client-side-cache tracking in broadcast mode. Where that is refused or the
 * connection is down, it falls back to returning every 100 ms.
 */
export class DelayedWatch {
  private readonly logger = new Logger(DelayedWatch.name);
  private redis: Redis | undefined;
  private isTracking = false;
  private hasChanged = false;
  private isRefusalLogged = false;
  private readonly waiting = new Set<() => void>();

  constructor(
    private readonly connections: RedisConnections,
    private readonly keys: QueueKeys,
  ) {}

  /**
   * Resolves when the set may have changed since the last call resolved, after `timeoutMs`, or when the signal
   * aborts. Never throws.
   */
  async wait(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    this.start();
    if (!this.hasChanged) await this.change(this.isTracking ? timeoutMs : Math.min(timeoutMs, POLL_MS), signal);
    if (this.hasChanged) await pause(Math.min(timeoutMs, SETTLE_MS), signal);
    this.hasChanged = false;
  }

  private async change(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    const ended = new AbortController();
    const end = () => ended.abort();
    this.waiting.add(end);
    signal?.addEventListener('abort', end);
    await pause(timeoutMs, ended.signal);
    this.waiting.delete(end);
    signal?.removeEventListener('abort', end);
  }

  private start(): void {
    if (this.redis) return;
    try {
      // RESP2: the client library passes RESP3's own invalidation messages to nobody.
      this.redis = this.connections.listen('delayed-watch', { protocol: 2 });
    } catch {
      return;
    }
    this.redis.on('ready', () => void this.track());
    this.redis.on('close', () => {
      this.isTracking = false;
      this.changed();
    });
    this.redis.on('messageBuffer', () => this.changed());
  }

  private async track(): Promise<void> {
    const redis = this.redis;
    if (!redis) return;
    try {
      // On a Cluster, leads the connection to the node that owns the set: no other one tells of it.
      await redis.exists(this.keys.delayed);
      const id = await redis.client('ID');
      await redis.call('CLIENT', 'TRACKING', 'ON', 'REDIRECT', String(id), 'BCAST', 'PREFIX', this.keys.delayed);
      await redis.subscribe(INVALIDATIONS);
      this.isTracking = true;
    } catch (error) {
      this.isTracking = false;
      if (!this.isRefusalLogged && error instanceof Error && error.name === 'ReplyError') {
        this.isRefusalLogged = true;
        this.logger.warn('Redis announces no changes; polling the delayed set instead', { error: error.message });
      }
    }
    // What happened while nobody was listening may have been missed.
    this.changed();
  }

  private changed(): void {
    this.hasChanged = true;
    for (const end of this.waiting) end();
  }
}
