import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { createService, loadConfig, type Environment } from '@millrace/runtime';
import { API_SERVICE } from '../api-service';
import { ApiConfig } from '../api.config';
import { ApiModule } from '../api.module';

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** An api that runs inside a spec. */
export interface RunningApi {
  readonly app: NestFastifyApplication;
  /** Sends a request without a network between; `body` is sent as JSON. */
  call(method: Method, path: string, options?: CallOptions): Promise<Answer>;
  close(): Promise<void>;
}

export interface CallOptions {
  /** Sent as JSON. */
  readonly body?: unknown;
  /** Sent as it is, as `application/json` unless the headers say otherwise. */
  readonly raw?: string | Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body as JSON. */
  json<T = Record<string, unknown>>(): T;
}

/** Starts an api configured by these variables; `path`s are below `/api/v1` unless they begin with a slash. */
export async function startApi(env: Environment): Promise<RunningApi> {
  const config = loadConfig(ApiConfig, { LOG_LEVEL: 'fatal', NODE_ENV: 'test', ...env });
  const app = await createService(ApiModule, { ...API_SERVICE, Config: ApiConfig, config });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
  return {
    app,
    call: (method, path, options) => call(app, method, path, options),
    close: () => app.close(),
  };
}

async function call(
  app: NestFastifyApplication,
  method: Method,
  path: string,
  { body, raw, headers = {} }: CallOptions = {},
): Promise<Answer> {
  const payload = raw ?? (body === undefined ? undefined : JSON.stringify(body));
  const answer = await app.inject({
    method,
    url: path.startsWith('/') ? path : `/api/v1/${path}`,
    headers: payload === undefined ? headers : { 'content-type': 'application/json', ...headers },
    ...(payload === undefined ? {} : { payload }),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    text: answer.body,
    json: <T>() => JSON.parse(answer.body) as T,
  };
}
