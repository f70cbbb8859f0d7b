import type { FastifyInstance, FastifyRequest } from 'fastify';
import { findApiKey, type ApiKey } from './api-keys';
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

// The hooks here take a callback: a promise for each of them, on every request, is not free.

/** Takes JSON, strictly; what else a route takes is `acceptText`'s, and other content types answer 415. */
export function acceptStrictJson(fastify: FastifyInstance): void {
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (_request: FastifyRequest, body: Buffer, done: (error: Error | null, value?: unknown) => void) => {
      let value: unknown;
      try {
        // A call that takes no body is often sent with the header all the same.
        value = body.length === 0 ? undefined : parseStrictJson(body);
      } catch (error) {
        done(error as Error);
        return;
      }
      done(null, value);
    },
  );
  fastify.addHook('onRoute', (route) => {
    const { bodyLimit } = settingsOf(route.config);
    if (bodyLimit !== undefined) route.bodyLimit = bodyLimit;
  });
}

/** Refuses an address whose percent-escapes stand for no text; the router only looks at the path. */
export function refuseMalformedQueries(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const query = request.raw.url?.split('?').slice(1).join('?') ?? '';
    if (isText(query)) done();
    else done(invalidRequest([{ field: '', message: 'the address holds a malformed percent-escape' }]));
  });
}

function isText(escaped: string): boolean {
  try {
    // The answer is used, for the bundler drops a call whose answer is not: it takes this function for one that never throws.
    return decodeURIComponent(escaped).length >= 0;
  } catch {
    return false;
  }
}

/** Lets in whoever shows a key; with no keys everybody. Public routes ask for none. */
export function askForKeys(fastify: FastifyInstance, keys: readonly ApiKey[] | null): void {
  fastify.decorateRequest('principal', null);
  fastify.addHook('onRequest', (request, _reply, done) => {
    if (!settingsOf(request.routeOptions.config).public) {
      request.principal = keys ? principalOf(keys, request.headers.authorization) : ANONYMOUS;
    }
    done();
  });
}

/** Marks every answer so that no browser takes it for anything else, and gives it the request's id. */
export function addAnswerHeaders(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.headers({
      'X-Request-Id': request.id,
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      'Referrer-Policy': 'no-referrer',
    });
    done();
  });
}

/** While the service drains, every answer is the last on its connection: one that stayed open would hold the shutdown up. */
export function endConnections(fastify: FastifyInstance, draining: AbortSignal): void {
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    if (draining.aborted) void reply.header('Connection', 'close');
    done();
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
