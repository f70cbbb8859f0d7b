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

/** Counts calls by key, together with all other replicas; while Redis is away or full, each replica counts alone. */
export class RateLimiter {
  /** One for each limit in use, which are as few as the settings that name them. */
  private readonly limiters = new Map<string, RateLimiterRedis>();

  constructor(
    private readonly connections: RedisConnections,
    private readonly options: QueueOptions,
  ) {}

  /** Counts one call under the key and tells whether it is within the limit. Never throws. */
  async consume(key: string, limit: RateLimit): Promise<RateLimitAnswer> {
    try {
      return answer(true, await this.limiterOf(limit).consume(key));
    } catch (refusal) {
      // The library rejects with its result when the limit is reached.
      if (refusal instanceof RateLimiterRes) return answer(false, refusal);
      throw refusal;
    }
  }

  private limiterOf({ limit, windowMs }: RateLimit): RateLimiterRedis {
    const name = `${limit}/${windowMs}`;
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

function answer(allowed: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): RateLimitAnswer {
  return { allowed, remaining: Math.max(0, remainingPoints), resetMs: Math.max(0, msBeforeNext) };
}
