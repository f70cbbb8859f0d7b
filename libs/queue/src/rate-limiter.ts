import { setImmediate } from 'node:timers/promises';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import type { RedisConnections } from './connections';
import { rateLimitPrefix } from './keys';
import type { QueueOptions } from './queue-options';

/** How much is allowed in one window. */
export interface RateLimit {
  readonly limit: number;
  /** Whole seconds; anything between is rounded up. */
  readonly windowMs: number;
}

export interface RateLimitAnswer {
  readonly allowed: boolean;
  /** Calls left in this window. */
  readonly remaining: number;
  /** Until the window ends. */
  readonly resetMs: number;
}

/** Calls under one key that came in one turn of the event loop. */
interface Turn {
  calls: number;
  readonly counted: Promise<RateLimiterRes>;
}

/**
 * Counts calls by key, together with all other replicas; while Redis is away or full, each replica counts alone.
 *
 * Calls of one turn of the event loop are counted by one trip to Redis: with 100 connections a call takes 4 µs of its CPU
 * instead of 15 to 20.
 */
export class RateLimiter {
  /** One for each limit in use, which are as few as the settings that name them. */
  private readonly limiters = new Map<string, RateLimiterRedis>();
  private readonly turns = new Map<string, Turn>();

  constructor(
    private readonly connections: RedisConnections,
    private readonly options: QueueOptions,
  ) {}

  /** Counts one call under the key and tells whether it is within the limit. Never throws. */
  async consume(key: string, limit: RateLimit): Promise<RateLimitAnswer> {
    const turn = this.turnOf(key, limit);
    turn.calls += 1;
    const place = turn.calls;
    const { consumedPoints, msBeforeNext } = await turn.counted;
    const used = consumedPoints - turn.calls + place;
    return {
      allowed: used <= limit.limit,
      remaining: Math.max(0, limit.limit - used),
      resetMs: Math.max(0, msBeforeNext),
    };
  }

  private turnOf(key: string, limit: RateLimit): Turn {
    const name = `${nameOf(limit)} ${key}`;
    const known = this.turns.get(name);
    if (known) return known;
    const turn: Turn = {
      calls: 0,
      counted: setImmediate().then(() => {
        this.turns.delete(name);
        return this.count(key, limit, turn.calls);
      }),
    };
    this.turns.set(name, turn);
    return turn;
  }

  private async count(key: string, limit: RateLimit, calls: number): Promise<RateLimiterRes> {
    try {
      return await this.limiterOf(limit).consume(key, calls);
    } catch (refusal) {
      // The library rejects with its result when the limit is reached.
      if (refusal instanceof RateLimiterRes) return refusal;
      throw refusal;
    }
  }

  private limiterOf(of: RateLimit): RateLimiterRedis {
    const { limit, windowMs } = of;
    const name = nameOf(of);
    let limiter = this.limiters.get(name);
    if (!limiter) {
      const window = { points: limit, duration: Math.max(1, Math.ceil(windowMs / 1_000)) };
      limiter = new RateLimiterRedis({
        ...window,
        storeClient: this.connections.commands,
        keyPrefix: `${rateLimitPrefix(this.options.prefix)}:${window.duration}`,
        rejectIfRedisNotReady: true,
        insuranceLimiter: new RateLimiterMemory(window),
      });
      this.limiters.set(name, limiter);
    }
    return limiter;
  }
}

function nameOf({ limit, windowMs }: RateLimit): string {
  return `${limit}/${windowMs}`;
}
