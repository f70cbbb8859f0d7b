import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { Agent, request, type Dispatcher } from 'undici';
import { formatDuration, parseDuration } from '@millrace/contracts';
import { readPayload, RetryAfterError, TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { WorkerConfig } from '../worker.config';
import { HttpRequestPayload } from './http-request.payload';
import { lookUpPublic, refusePrivateHost } from './public-addresses';
import { retryAfterMs } from './retry-after';

/** Bytes of an answer's body that are kept. */
const BODY_BYTES = 64 * 1024;

/** What `http_request` records. */
interface HttpResult {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** As UTF-8, cut at 64 KiB. */
  readonly body: string;
  readonly body_truncated?: true;
}

/**
 * Sends one HTTP request. Only 2xx is a success; redirects are not followed.
 *
 * The request carries the task's id as `Idempotency-Key`, unless its headers name another: a retry may reach a server
 * that has answered before, and the answer got lost.
 */
@Injectable()
@TaskHandler('http_request', { description: 'Sends an HTTP request; succeeds on 2xx.' })
export class HttpRequestHandler implements Handler, OnApplicationShutdown {
  private readonly agent: Agent;

  constructor(private readonly config: WorkerConfig) {
    this.agent = new Agent({
      connections: 64,
      connect: { timeout: 10_000, ...(config.httpRequestAllowPrivate ? {} : { lookup: lookUpPublic }) },
    });
  }

  async onApplicationShutdown(): Promise<void> {
    await this.agent.destroy();
  }

  async handle(payload: unknown, context: TaskContext): Promise<HttpResult> {
    const wanted = readPayload(HttpRequestPayload, payload);
    const url = new URL(wanted.url);
    if (!this.config.httpRequestAllowPrivate) refusePrivateHost(url);

    const timeoutMs = parseDuration(wanted.timeout);
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      return await this.send(url, wanted, context, AbortSignal.any([context.signal, timeout]));
    } catch (error) {
      if (!timeout.aborted || context.signal.aborted) throw error;
      throw new Error(`${nameOf(url)} did not answer within ${formatDuration(timeoutMs)}`, { cause: error });
    }
  }

  private async send(
    url: URL,
    wanted: HttpRequestPayload,
    context: TaskContext,
    signal: AbortSignal,
  ): Promise<HttpResult> {
    const method = wanted.method ?? (wanted.body === undefined ? 'GET' : 'POST');
    const { body } = wanted;
    const answer = await request(url, {
      method,
      headers: headersOf(wanted, context),
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      dispatcher: this.agent,
      signal,
    });
    const kept = await readStart(answer.body);
    const { statusCode: status } = answer;
    if (status >= 200 && status < 300) return { status, headers: flat(answer.headers), ...kept };
    throw refusal(`${method} ${nameOf(url)} answered ${status}`, answer.headers['retry-after']);
  }
}

function headersOf({ headers, body }: HttpRequestPayload, { task }: TaskContext): Record<string, string> {
  const named = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    'user-agent': 'Millrace',
    'idempotency-key': task.taskId,
    ...(task.trace?.traceparent ? { traceparent: task.trace.traceparent } : {}),
    ...(body !== undefined && typeof body !== 'string' ? { 'content-type': 'application/json' } : {}),
    ...named,
  };
}

/** The body's first 64 KiB; the rest is not read, and the connection is given up for it. */
async function readStart(body: Dispatcher.ResponseData['body']): Promise<Pick<HttpResult, 'body' | 'body_truncated'>> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES) break;
  }
  const text = Buffer.concat(chunks).subarray(0, BODY_BYTES).toString('utf8');
  return bytes > BODY_BYTES ? { body: text, body_truncated: true } : { body: text };
}

function refusal(message: string, retryAfter: string | string[] | undefined): Error {
  const delayMs = retryAfterMs(Array.isArray(retryAfter) ? retryAfter[0] : retryAfter);
  return delayMs === null ? new Error(message) : new RetryAfterError(delayMs, message);
}

function flat(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  const entries = Object.entries(headers).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(', ') : (value ?? ''),
  ]);
  return Object.fromEntries(entries) as Record<string, string>;
}

/** Without its query and its password, which may be secrets. */
function nameOf(url: URL): string {
  return `${url.origin}${url.pathname}`;
}
