import { Injectable, Module, type Type } from '@nestjs/common';
import { DiscoveryModule } from '@nestjs/core';
import { NestFactory } from '@nestjs/core';
import { describe, expect, it } from 'vitest';
import { DuplicateHandler, HandlerRegistry } from './handler-registry';
import { RunnerOptions } from './runner-options';
import { InvalidHandler, TaskHandler, type Handler } from './task-handler';

@Injectable()
@TaskHandler('greet', { timeout: '30s', maxRetry: 2, retryDelay: '1m', description: 'Greets.' })
class Greet implements Handler {
  handle() {
    return 'hello';
  }
}

@Injectable()
@TaskHandler('greet')
class GreetAgain extends Greet {}

@Injectable()
class Louder extends Greet {}

@Injectable()
@TaskHandler('nothing')
class Nothing {}

async function registryOf(providers: Type[], leaveOut: readonly Type<Handler<never>>[] = []): Promise<HandlerRegistry> {
  @Module({
    imports: [DiscoveryModule],
    providers: [HandlerRegistry, { provide: RunnerOptions, useValue: new RunnerOptions({ leaveOut }) }, ...providers],
  })
  class TestModule {}
  const app = await NestFactory.createApplicationContext(TestModule, { logger: false, abortOnError: false });
  return app.get(HandlerRegistry);
}

describe('the handler registry', () => {
  it('finds every provider that is marked, with its settings', async () => {
    const registry = await registryOf([Greet]);

    expect(registry.find('greet')).toMatchObject({ timeoutMs: 30_000, maxRetry: 2, retryDelayMs: 60_000 });
    expect(registry.find('greet')?.handler).toBeInstanceOf(Greet);
    expect(registry.types().map(({ type }) => type)).toEqual(['greet']);
    expect(registry.find('unheard_of')).toBeUndefined();
  });

  it('fails the start on two handlers for one type, and names both', async () => {
    const start = registryOf([Greet, GreetAgain]);

    await expect(start).rejects.toThrow(DuplicateHandler);
    await expect(start).rejects.toThrow(/greet: Greet and GreetAgain/);
  });

  it('leaves out what the deployment does not want, so that another class takes its type', async () => {
    const registry = await registryOf([Greet, GreetAgain], [Greet]);

    expect(registry.find('greet')?.handler).toBeInstanceOf(GreetAgain);
  });

  it('a subclass is not a handler of its parent type unless it says so', async () => {
    const registry = await registryOf([Louder]);

    expect(registry.types()).toEqual([]);
  });

  it('fails the start on a marked class that handles nothing', async () => {
    await expect(registryOf([Nothing])).rejects.toThrow(/Nothing serves the type nothing but has no method handle/);
  });
});

describe('@TaskHandler', () => {
  it.each([
    ['a type with a space', () => TaskHandler('a b')],
    ['a type that is reserved for functions', () => TaskHandler('scheduled:a')],
    ['a negative maxRetry', () => TaskHandler('a', { maxRetry: -1 })],
    ['a timeout that is no duration', () => TaskHandler('a', { timeout: 'soon' })],
    ['a timeout of 0', () => TaskHandler('a', { timeout: 0 })],
    ['a retryDelay that is no duration', () => TaskHandler('a', { retryDelay: '-1s' })],
    ['an isolation of no kind', () => TaskHandler('a', { isolated: 'container' as 'process' })],
    ['a memory limit without isolation', () => TaskHandler('a', { memoryMiB: 128 })],
    ['a memory limit in which nothing starts', () => TaskHandler('a', { isolated: 'process', memoryMiB: 63 })],
  ])('refuses %s', (_what, declare) => {
    expect(declare).toThrow(InvalidHandler);
  });
});
