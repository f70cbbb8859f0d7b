import { Injectable } from '@nestjs/common';
import { RateLimiter } from '@millrace/queue';
import { HttpProblem } from '@millrace/runtime';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiConfig } from './api.config';

/** Counts requests by key, else by address, and refuses those beyond the limit. Public routes are not counted. */
@Injectable()
export class RateLimit {
  constructor(
    private readonly limiter: RateLimiter,
    private readonly config: ApiConfig,
  ) {}

  /** Puts the count in front of every route; the hook that reads the key must stand before it. */
  guard(fastify: FastifyInstance): void {
    if (!this.config.ratelimitEnabled) return;
    fastify.addHook('onRequest', (request, reply) => this.count(request, reply));
  }

  private async count(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    if (!request.principal) return;
    const { ratelimitLimit: limit, ratelimitWindowMs: windowMs, authMode } = this.config;
    const caller = authMode === 'keys' ? `key:${request.principal.name}` : `address:${request.ip}`;
    const { allowed, remaining, resetMs } = await this.limiter.consume(caller, { limit, windowMs });

    const resetSeconds = String(Math.ceil(resetMs / 1000));
    void reply.headers({
      'RateLimit-Limit': String(limit),
      'RateLimit-Remaining': String(remaining),
      'RateLimit-Reset': resetSeconds,
    });
    if (allowed) return;
    throw new HttpProblem({
      status: 429,
      code: 'too-many-requests',
      detail: `More than ${limit} requests in ${windowMs / 1000} s.`,
      headers: { 'Retry-After': String(Math.max(1, Number(resetSeconds))) },
    });
  }
}
