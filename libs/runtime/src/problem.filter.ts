import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HttpProblem, type ErrorTable, type ProblemDetails, type ProblemInit } from './problem';
import type { RouteTable } from './route-table';
import { unsupportedType } from './text-body';

/** SQLSTATE classes that say "this value cannot be stored": the input's fault, whatever let it through. */
const DATA_ERROR = /^22[0-9A-Z]{3}$/;

/** Answers every error as `application/problem+json`, and logs those that need a person. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(
    private readonly errors: ErrorTable,
    private readonly routes: RouteTable,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<FastifyRequest>();
    const reply = http.getResponse<FastifyReply>();
    if (reply.sent) return;

    const health = healthBody(error);
    if (health) {
      void reply.code(503).send(health);
      return;
    }
    sendProblem(reply, request, this.problemOf(error, request));
  }

  private problemOf(error: unknown, request: FastifyRequest): ProblemInit {
    if (error instanceof HttpProblem) return error.problem;
    const rule = this.errors.find((candidate) => error instanceof candidate.error);
    if (rule) return rule.answer(error as never);
    if (request.is404) return this.routes.problemOf(request);

    const { status, message, sqlState } = factsOf(error);
    if (status === 415) return unsupportedType(request).problem;
    if (status !== undefined && status < 500) return { status, detail: message };
    if (sqlState !== undefined && DATA_ERROR.test(sqlState)) {
      this.logger.warn('The database refused a value', { requestId: request.id, error });
      return { status: 400, code: 'invalid-request', detail: 'A value of the request cannot be stored.' };
    }
    if (status === 503) return { status, detail: message, headers: { 'Retry-After': '1' } };
    this.logger.error('A request failed', { requestId: request.id, method: request.method, error });
    return { status: 500, detail: 'Something went wrong on our side; the log has the details under this request.' };
  }
}

/** Writes problem details; also for answers that never reach Nest. */
export function sendProblem(reply: FastifyReply, request: FastifyRequest, problem: ProblemInit): void {
  const { status, code, detail, errors, headers = {} } = problem;
  const body: ProblemDetails = {
    type: code ? `urn:millrace:problem:${code}` : 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    ...(detail ? { detail } : {}),
    instance: `urn:uuid:${request.id}`,
    ...(errors ? { errors } : {}),
  };
  void reply
    .code(status)
    .headers({ ...headers, 'Cache-Control': 'no-store' })
    .type('application/problem+json; charset=utf-8')
    .send(JSON.stringify(body));
}

/** What Terminus found; it has a shape of its own. */
function healthBody(error: unknown): object | undefined {
  if (!(error instanceof HttpException)) return undefined;
  const body = error.getResponse();
  return typeof body === 'object' && 'details' in body && 'info' in body ? body : undefined;
}

function factsOf(error: unknown): { status?: number; message: string; sqlState?: string } {
  if (error instanceof HttpException) return { status: error.getStatus(), message: error.message };
  if (!(error instanceof Error)) return { message: String(error) };
  const { statusCode, code } = error as { statusCode?: unknown; code?: unknown };
  return {
    message: error.message,
    ...(typeof statusCode === 'number' ? { status: statusCode } : {}),
    ...(typeof code === 'string' ? { sqlState: code } : {}),
  };
}
