import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { acceptStrictJson, addAnswerHeaders, askForKeys, endConnections, refuseMalformedQueries } from './http-hooks';
import { JsonLogger } from './json-logger';
import { Metrics } from './metrics';
import { observeRequests } from './observe-requests';
import type { ErrorTable } from './problem';
import { sendProblem } from './problem.filter';
import { Program } from './program';
import { RouteTable } from './route-table';
import { RuntimeModule } from './runtime.module';
import type { ServiceConfig } from './service.config';
import { Shutdown } from './shutdown';
import { acceptText } from './text-body';

/** Largest body of a route that says nothing else, in bytes. */
const DEFAULT_BODY_LIMIT = 1024 * 1024;

/** A client that dribbles its request in is cut off after this long. */
const REQUEST_TIMEOUT_MS = 30_000;

/** What Node says of a request it cannot read; anything else is a plain 400. */
const MALFORMED: Readonly<Record<string, number>> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 };

/** Longer than the idle time of common load balancers, so that they close first. */
const KEEP_ALIVE_MS = 72_000;

export interface ServiceParts<C extends ServiceConfig> {
  /** Names the service in logs and metrics: `api`. */
  readonly service: string;
  readonly version: string;
  readonly Config: Type<C>;
  readonly config: Readonly<C>;
  /** How errors of the domain are answered. Default: none is known, so they answer 500. */
  readonly errors?: ErrorTable;
  /** Last touches before the routes are registered, such as the docs page. */
  readonly configure?: (app: NestFastifyApplication) => void | Promise<void>;
  /** What this process is. Default: a service that cannot be started again for isolated attempts. */
  readonly program?: Program;
}

/**
 * Builds a service around its root module: HTTP with strict JSON, problem details, keys, health and metrics. It does not
 * listen yet and handles no signal, so that a spec can run several in one process.
 */
export async function createService<C extends ServiceConfig>(
  Root: Type<object>,
  { service, version, Config, config, errors = [], configure, program = new Program() }: ServiceParts<C>,
): Promise<NestFastifyApplication> {
  const routes = new RouteTable();
  const adapter = createAdapter();
  const fastify = adapter.getInstance<FastifyInstance>();
  routes.learnFrom(fastify);

  const runtime = RuntimeModule.forRoot({ Config, config, errors, routes, program });
  const app = await NestFactory.create<NestFastifyApplication>(
    { module: class ServiceModule {}, imports: [runtime, Root] },
    adapter,
    { logger: new JsonLogger({ service, level: config.logLevel }), bodyParser: false, abortOnError: false },
  );

  const metrics = app.get(Metrics);
  metrics.addProcessMetrics(service, version);
  acceptStrictJson(fastify);
  acceptText(fastify);
  addAnswerHeaders(fastify);
  observeRequests(fastify, metrics);
  askForKeys(fastify, config.authMode === 'keys' ? config.apiKeys : null);
  refuseMalformedQueries(fastify);
  endConnections(fastify, app.get(Shutdown).draining);
  await configure?.(app);
  return app;
}

function createAdapter(): FastifyAdapter {
  return new FastifyAdapter({
    bodyLimit: DEFAULT_BODY_LIMIT,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    // Whoever still has a connection is served while the service closes: the stores close after the server.
    return503OnClosing: false,
    genReqId: () => randomUUID(),
    routerOptions: { maxParamLength: 512 },
    clientErrorHandler: answerMalformed,
    // Addresses the router cannot read; they reach neither hooks nor handlers.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(reply, request, {
        status: error.statusCode ?? 400,
        code: 'invalid-request',
        detail: 'The address is malformed or too long.',
      }),
  });
}

/** Answers bytes that are no HTTP request, or too much or too slow a one; there is no request to speak of yet. */
function answerMalformed(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status = MALFORMED[error.code ?? ''] ?? 400;
  const body = JSON.stringify({ type: 'about:blank', title: STATUS_CODES[status], status });
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n` +
      `Content-Type: application/problem+json; charset=utf-8\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
}
