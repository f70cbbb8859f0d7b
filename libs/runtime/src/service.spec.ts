import { connect, type AddressInfo } from 'node:net';
import { Body, Controller, Get, Module, Post } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseApiKeys } from './api-keys';
import { createService } from './create-service';
import { LoopWatch } from './loop-watch';
import { answerTo } from './problem';
import { BodyLimit, Public } from './public';
import { Readiness } from './readiness';
import { ServiceConfig } from './service.config';
import { Shutdown } from './shutdown';

class OutOfCheese extends Error {}

@Controller('things')
class ThingsController {
  @Get('cheese')
  cheese(): never {
    throw new OutOfCheese();
  }

  @Get('broken')
  broken(): never {
    throw new Error('password=hunter2');
  }

  @Get('refused-by-database')
  refused(): never {
    throw Object.assign(new Error('invalid byte sequence'), { code: '22021' });
  }

  @Get('open')
  @Public()
  open(): object {
    return { open: true };
  }

  @Post('echo')
  echo(@Body() body: unknown): object {
    return { body };
  }

  @Post('small')
  @BodyLimit(16)
  small(@Body() body: unknown): object {
    return { body };
  }
}

@Module({ controllers: [ThingsController] })
class ThingsModule {}

class KeyedConfig extends ServiceConfig {
  override authMode = 'keys' as const;
  override apiKeys = parseApiKeys('ci:0123456789abcdef,old:fedcba9876543210');
  override logLevel = 'silent';
}

const KEY = { authorization: 'Bearer 0123456789abcdef' };

let app: NestFastifyApplication;

beforeAll(async () => {
  app = await createService(ThingsModule, {
    service: 'things',
    version: '1.2.3',
    Config: KeyedConfig,
    config: new KeyedConfig(),
    errors: [answerTo(OutOfCheese, () => ({ status: 409, code: 'out-of-cheese', detail: 'No cheese today.' }))],
  });
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterAll(() => app.close());

const get = (url: string, headers: Record<string, string> = KEY) => app.inject({ method: 'GET', url, headers });
const post = (url: string, payload: string | Buffer, contentType = 'application/json') =>
  app.inject({ method: 'POST', url, headers: { ...KEY, 'content-type': contentType }, payload });

describe('keys', () => {
  it('let in every key that is valid', async () => {
    for (const key of ['0123456789abcdef', 'fedcba9876543210']) {
      const answer = await app.inject({
        method: 'POST',
        url: '/things/echo',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        payload: '1',
      });
      expect(answer.statusCode).toBe(201);
    }
  });

  it.each([undefined, 'Bearer nope-nope-nope-nope', 'Basic 0123456789abcdef', 'Bearer', 'Bearer 0123456789abcdeF'])(
    'keep out %s',
    async (authorization) => {
      const answer = await get('/things/cheese', authorization === undefined ? {} : { authorization });
      expect(answer.statusCode).toBe(401);
      expect(answer.headers['www-authenticate']).toContain('Bearer');
      expect(answer.headers['content-type']).toContain('application/problem+json');
    },
  );

  it('guard unknown addresses too, and leave public ones, health and metrics open', async () => {
    expect((await get('/no-such', {})).statusCode).toBe(401);
    for (const url of ['/things/open', '/health/live', '/health/ready', '/metrics']) {
      expect((await get(url, {})).statusCode, url).toBe(200);
    }
  });
});

describe('errors', () => {
  it('answer what the table says', async () => {
    const answer = await get('/things/cheese');
    expect(answer.statusCode).toBe(409);
    expect(answer.json()).toMatchObject({
      type: 'urn:millrace:problem:out-of-cheese',
      title: 'Conflict',
      status: 409,
      detail: 'No cheese today.',
      instance: `urn:uuid:${String(answer.headers['x-request-id'])}`,
    });
  });

  it('that nobody foresaw answer 500 without telling what they hold', async () => {
    const answer = await get('/things/broken');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toContain('hunter2');
  });

  it('of data the database refuses answer 400', async () => {
    expect((await get('/things/refused-by-database')).statusCode).toBe(400);
  });

  it('tell a wrong address from a wrong method', async () => {
    const missing = await get('/no-such');
    expect(missing.statusCode).toBe(404);
    expect(missing.headers['content-type']).toContain('application/problem+json');

    const wrong = await app.inject({ method: 'DELETE', url: '/things/echo', headers: KEY });
    expect(wrong.statusCode).toBe(405);
    expect(wrong.headers.allow).toBe('POST');
  });

  it.each(['/things/%zz', '/things/cheese?x=%zz', '/things/cheese?x=%ff', '/%', '/things/%c0%80'])(
    'of the malformed address %s answer 4xx',
    async (url) => {
      const answer = await get(url);
      expect(answer.statusCode).toBeGreaterThanOrEqual(400);
      expect(answer.statusCode).toBeLessThan(500);
      expect(answer.headers['content-type']).toContain('application/problem+json');
    },
  );
});

describe('bodies', () => {
  it('must be JSON by their content type', async () => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', 'application/xml']) {
      expect((await post('/things/echo', '{}', type)).statusCode, type).toBe(415);
    }
  });

  it('are bounded by the route', async () => {
    expect((await post('/things/small', '"0123456789abcdef"')).statusCode).toBe(413);
    expect((await post('/things/small', '"0123456789"')).statusCode).toBe(201);
    expect((await post('/things/echo', `"${'x'.repeat(1024 * 1024)}"`)).statusCode).toBe(413);
  });

  it('are refused with the path of what is wrong', async () => {
    const answer = await post('/things/echo', '{"a":{"b":[0,"\\u0000"]}}');
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ errors: [{ field: 'a.b[1]', message: 'holds a NUL character' }] });
  });
});

describe('bytes that are no request', () => {
  beforeAll(() => app.listen({ host: '127.0.0.1', port: 0 }));

  it.each([
    ['GARBAGE\r\n\r\n', 400],
    [`GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n\r\n`, 431],
  ])('%# are answered with problem details', async (bytes, status) => {
    const { port } = app.getHttpServer().address() as AddressInfo;
    const answer = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (chunk: Buffer) => (received += chunk.toString())).on('close', () => resolve(received));
    });
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain('application/problem+json');
  });
});

describe('health', () => {
  it('is live while dependencies are away, and dead when a loop hangs', async () => {
    const watch = app.get(LoopWatch);
    const loop = watch.watch('stuck', -1);
    const dead = await get('/health/live', {});
    loop.end();

    expect(dead.statusCode).toBe(503);
    expect(dead.json()).toMatchObject({ details: { loops: { status: 'down', silent: [{ name: 'stuck' }] } } });
    expect((await get('/health/live', {})).statusCode).toBe(200);
  });

  it('is ready without what only helps, not without what is required, nor while shutting down', async () => {
    const readiness = app.get(Readiness);
    readiness.add({ name: 'extra', need: 'helpful', check: () => Promise.reject(new Error('away')) });
    const degraded = await get('/health/ready', {});
    expect(degraded.statusCode).toBe(200);
    expect(degraded.json()).toMatchObject({ status: 'degraded', details: { extra: { message: 'away' } } });

    readiness.add({ name: 'core', need: 'required', check: () => Promise.reject(new Error('gone')) });
    const down = await get('/health/ready', {});
    expect(down.statusCode).toBe(503);
    expect(down.json()).toMatchObject({ error: { core: { status: 'down', message: 'gone' } } });

    app.get(Shutdown).begin();
    expect((await get('/health/ready', {})).json()).toMatchObject({ error: { accepting: { status: 'down' } } });
  });
});

describe('metrics', () => {
  it('count requests by route and say which build runs', async () => {
    await get('/things/cheese');
    const { body } = await get('/metrics', {});
    expect(body).toContain('millrace_build_info{service="things",version="1.2.3"} 1');
    expect(body).toMatch(/request_duration_seconds_count\{method="GET",route="\/things\/cheese",status="409"\}/);
    expect(body).toContain('nodejs_eventloop_lag_seconds');
  });
});
