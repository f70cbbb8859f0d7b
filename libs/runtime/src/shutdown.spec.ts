import { Agent, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Controller, Get, Module } from '@nestjs/common';
import { expect, it } from 'vitest';
import { createService } from './create-service';
import { ServiceConfig } from './service.config';
import { Shutdown } from './shutdown';

let arrived = () => {};
let release = () => {};
const hasArrived = new Promise<void>((resolve) => (arrived = resolve));
const mayAnswer = new Promise<void>((resolve) => (release = resolve));

@Controller()
class SlowController {
  @Get('slow')
  async slow(): Promise<object> {
    arrived();
    await mayAnswer;
    return { done: true };
  }
}

@Module({ controllers: [SlowController] })
class SlowModule {}

class OpenConfig extends ServiceConfig {
  override authMode = 'none' as const;
  override logLevel = 'silent';
}

it('a shutdown lets a request in flight finish and is not held up by connections that are kept alive', async () => {
  const config = new OpenConfig();
  const app = await createService(SlowModule, { service: 'slow', version: '1', Config: OpenConfig, config });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.getHttpServer().address() as AddressInfo;
  const agent = new Agent({ keepAlive: true });
  const answer = new Promise<{ status: number | undefined; connection: string | undefined }>((resolve, reject) => {
    request({ port, path: '/slow', agent }, (response) => {
      response.resume();
      resolve({ status: response.statusCode, connection: response.headers.connection });
    })
      .on('error', reject)
      .end();
  });
  await hasArrived;

  app.get(Shutdown).begin();
  const closed = app.close();
  release();

  expect(await answer).toEqual({ status: 200, connection: 'close' });
  await closed;
  agent.destroy();
}, 10_000);
