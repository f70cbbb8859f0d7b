import { Logger } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { findApiKey, type ApiKey } from './api-keys';
import type { Metrics } from './metrics';
import { HttpProblem, invalidRequest } from './problem';
import { settingsOf } from './public';
import { parseStrictJson } from './strict-json';

/** Who sent a request. */
export interface Principal {
  /** Name of the key; `anonymous` where none is asked for. */
  readonly name: string;
}

declare module 'fastify' {
  interface FastifyRequest {
    /** Set before any handler runs; null on public routes. */
    principal: Principal | null;
  }
}

const ANONYMOUS: Principal = { name: 'anonymous' };

/** Takes JSON, strictly; what else a route takes is `acceptText`'s, and other content types answer 415. */
export function acceptStrictJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    async (_request: FastifyRequest, body: Buffer) => {
      // A call that takes no body is often sent with the header all the same.
      if (body.length === 0) return undefined;
      return parseStrictJson(body);
    },
  );
  fastify.addHook('onRoute', (route) => {
    const { bodyLimit } = settingsOf(route.config);
    if (bodyLimit !== undefined) route.bodyLimit = bodyLimit;
  });
}

/** Refuses an address whose percent-escapes stand for no text; the router only looks at the path. */
export function refuseMalformedQueries(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request) => {
    const query = request.raw.url?.split('?').slice(1).join('?') ?? '';
    try {
      decodeURIComponent(query);
    } catch {
      throw invalidRequest([{ field: '', message: 'the address holds a malformed percent-escape' }]);
    }
  });
}

/** Lets in whoever shows a key; with no keys everybody. Public routes ask for none. */
export function askForKeys(fastify: FastifyInstance, keys: readonly ApiKey[] | null): void {
  fastify.decorateRequest('principal', null);
  fastify.addHook('onRequest', async (request) => {
    if (settingsOf(request.routeOptions.config).public) return;
    request.principal = keys ? principalOf(keys, request.headers.authorization) : ANONYMOUS;
  });
}

/** Marks every answer so that no browser takes it for anything else, and gives it the request's id. */
export function addAnswerHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', async (request, reply) => {
    void reply.headers({
      'X-Request-Id': request.id,
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Referrer-Policy': 'no-referrer',
    });
  });
}

/** Measures every request by its route and status, and logs it at debug level. */
export function observeRequests(fastify: FastifyInstance, metrics: Metrics): void {
  const logger = new Logger('Http');
  const durations = metrics.histogram({
    name: 'millrace_http_request_duration_seconds',
    help: 'How long requests took, by method, route and status.',
    labelNames: ['method', 'route', 'status'],
  });
  fastify.addHook('onResponse', async (request, reply) => {
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    const labels = { method: request.method, route, status: String(reply.statusCode) };
    durations.observe(labels, reply.elapsedTime / 1000);
    logger.debug('Request answered', { ...labels, requestId: request.id, ms: Math.round(reply.elapsedTime) });
  });
}

/** While the service drains, every answer is the last on its connection: one that stayed open would hold the shutdown up. */
export function endConnections(fastify: FastifyInstance, draining: AbortSignal): void {
  fastify.addHook('onSend', async (_request, reply) => {
    if (draining.aborted) void reply.header('Connection', 'close');
  });
}

function principalOf(keys: readonly ApiKey[], authorization: string | undefined): Principal {
  const [, text] = /^Bearer +([\x21-\x7e]{1,512})$/i.exec(authorization ?? '') ?? [];
  const key = text === undefined ? undefined : findApiKey(keys, text);
  if (key) return { name: key.name };
  throw new HttpProblem({
    status: 401,
    code: 'unauthorized',
    detail: text === undefined ? 'Send a key as "Authorization: Bearer <key>".' : 'This key is not known.',
    headers: { 'WWW-Authenticate': 'Bearer realm="millrace"' },
  });
}
