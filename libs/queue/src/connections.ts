import { within } from '@millrace/contracts';
import { Logger } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { COMMAND_LIMITS, openRedis, type ConnectionOverrides } from './open-redis';
import { asQueueError, QueueUnavailable, UnsupportedRedis } from './queue-errors';
import type { QueueOptions } from './queue-options';
import { isUsable, untilReady } from './redis-ready';

/** The first connection of a process may take this long. */
const CONNECT_TIMEOUT_MS = 3_000;
const PING_TIMEOUT_MS = 1_000;
const CLOSE_TIMEOUT_MS = 1_000;
/** How often a connection that only listens asks for a sign of life, and how long that may take to come. */
const SIGN_OF_LIFE_EVERY_MS = 5_000;
const SIGN_OF_LIFE_TIMEOUT_MS = 5_000;
/** A short break is waited out; after one this long a call fails at once, so that callers do not queue up behind it. */
const PATIENCE_MS = 1_000;

/**
 * Every connection to Redis of one process.
 *
 * - Connections recover by themselves, for ever.
 * - No command is kept for a Redis that is away, and none is sent twice.
 */
export class RedisConnections {
  /** For everything that does not block or subscribe; use it through `run`. */
  readonly commands: Redis;
  private readonly logger = new Logger(RedisConnections.name);
  private readonly open = new Set<Redis>();
  /** Since when there is no connection, on the monotonic clock; undefined while there is one. */
  private awaySince: number | undefined = performance.now();
  private wasReady = false;
  private isClosed = false;
  /** How often the connection for commands was led to another node of a Cluster. */
  private moves = 0;

  constructor(private readonly options: QueueOptions) {
    this.commands = this.connect('commands', COMMAND_LIMITS);
    this.commands.on('ready', () => {
      if (this.wasReady) this.logger.log('Redis is back');
      this.wasReady = true;
      this.awaySince = undefined;
    });
    // Also emitted after every failed attempt to connect again.
    this.commands.on('close', () => {
      if (this.awaySince !== undefined) return;
      this.awaySince = performance.now();
      if (!this.isClosed) this.logger.warn('Redis connection lost');
    });
  }

  /** Whether the connection for commands is up. */
  get connected(): boolean {
    return !this.isClosed && isUsable(this.commands);
  }

  /** Resolves when Redis answers within 1 s; throws `QueueUnavailable` otherwise. */
  async ping(): Promise<void> {
    await this.run((redis) => within(PING_TIMEOUT_MS, redis.ping()));
  }

  /**
   * Runs commands on a connection that is ready, waiting at most a second for one that has just been lost or opened.
   * Throws `QueueUnavailable`.
   */
  async run<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const moves = this.moves;
    try {
      return await this.attempt(work);
    } catch (error) {
      // A node that does not own the keys did nothing; repeating what went down with its connection is as safe as after
      // any lost answer.
      if (this.moves !== moves) return this.attempt(work);
      throw error;
    }
  }

  /**
   * Checks that this Redis can serve: at least 6.2, and on a Cluster only with a hash tag in the prefix.
   * Throws `UnsupportedRedis`, or `QueueUnavailable` when it does not answer.
   */
  async verify(): Promise<void> {
    const info = await this.run((redis) => redis.info());
    const [major = 0, minor = 0] = (/^redis_version:(\S+)/m.exec(info)?.[1] ?? '').split('.').map(Number);
    if (major < 6 || (major === 6 && minor < 2))
      throw new UnsupportedRedis(`Redis ${major}.${minor} is too old; Redis 6.2 or newer, or Valkey, is needed`);
    if (/^cluster_enabled:1/m.test(info) && !/\{[^}]+\}/.test(this.options.prefix))
      throw new UnsupportedRedis(
        `Redis Cluster needs a hash tag in QUEUE_REDIS_PREFIX, such as {${this.options.prefix}}, ` +
          'because a script may only use keys of one slot',
      );
  }

  /** A connection of its own for a caller that blocks; give it back with `drop`. */
  connect(purpose: string, overrides: ConnectionOverrides = {}): Redis {
    if (this.isClosed) throw new QueueUnavailable('the connection was closed');
    const redis: Redis = openRedis(this.options.redisUrl, purpose, overrides, () => {
      if (redis === this.commands) this.moves += 1;
    });
    this.open.add(redis);
    redis.on('error', (error: Error) => this.logger.debug('Redis connection error', { purpose, error: error.message }));
    redis.once('end', () => this.open.delete(redis));
    return redis;
  }

  /**
   * A connection of its own for a caller that subscribes; give it back with `drop`. One that only listens would never
   * notice that its line has gone dead: this one does within 10 s, and connects anew.
   */
  listen(purpose: string, overrides: Pick<ConnectionOverrides, 'protocol'> = {}): Redis {
    const redis = this.connect(purpose, {
      ...overrides,
      autoResubscribe: false,
      // Ends the connection when no answer comes.
      socketTimeout: SIGN_OF_LIFE_TIMEOUT_MS,
    });
    const asking = setInterval(() => {
      if (isUsable(redis)) redis.ping().catch(() => undefined);
    }, SIGN_OF_LIFE_EVERY_MS).unref();
    redis.once('end', () => clearInterval(asking));
    return redis;
  }

  /** Ends a connection from `connect` or `listen` at once. */
  drop(redis: Redis): void {
    this.open.delete(redis);
    redis.disconnect();
  }

  /** Ends every connection within a second. Commands under way may still be answered; later ones are refused. */
  async close(): Promise<void> {
    if (this.isClosed) return;
    const { connected } = this;
    this.isClosed = true;
    if (connected) await within(CLOSE_TIMEOUT_MS, this.commands.quit()).catch(() => undefined);
    for (const redis of this.open) redis.disconnect();
    this.open.clear();
  }

  private async attempt<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    if (this.isClosed) throw new QueueUnavailable('the connection was closed');
    if (!this.connected) {
      const patienceMs = this.wasReady ? PATIENCE_MS : CONNECT_TIMEOUT_MS;
      const awayMs = performance.now() - (this.awaySince ?? performance.now());
      if (!(await untilReady(this.commands, patienceMs - awayMs))) throw new QueueUnavailable('not connected');
    }
    try {
      return await work(this.commands);
    } catch (error) {
      throw asQueueError(error);
    }
  }
}
