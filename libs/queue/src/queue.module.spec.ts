import { Injectable, Module } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ownRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CancelSignals } from './cancel-signals';
import { RedisConnections } from './connections';
import { QueueClient } from './queue-client';
import { QueueOptions } from './queue-options';
import { queueFixture, type QueueFixture } from './queue.fixture';
import { QueueModule } from './queue.module';
import { Queues } from './queues';
import { RateLimiter } from './rate-limiter';

let fixture: QueueFixture;
beforeAll(async () => {
  fixture = await queueFixture();
});
afterAll(() => fixture.close());

@Injectable()
class Settings {
  redisUrl = '';
  prefix = '';
}

@Module({ providers: [Settings], exports: [Settings] })
class SettingsModule {}

async function application(redisUrl: string, prefix: string) {
  return Test.createTestingModule({
    imports: [SettingsModule, QueueModule.forRoot({ useFactory: () => new QueueOptions({ redisUrl, prefix }) })],
  }).compile();
}

describe('QueueModule', () => {
  it('provides every part, on one set of connections that ends with the application', async () => {
    const app = await application(fixture.options.redisUrl, fixture.options.prefix);
    await app.init();

    await app.get(QueueClient).submit('noop', {});
    expect(await app.get(Queues).of('default').depth()).toMatchObject({ ready: 1 });
    expect(await app.get(Queues).evictionPolicy()).toBe('noeviction');
    expect(app.get(CancelSignals)).toBeDefined();
    expect(app.get(RateLimiter)).toBeDefined();
    const connections = app.get(RedisConnections);
    expect(connections.connected).toBe(true);

    await app.close();
    expect(connections.connected).toBe(false);
  });

  it('starts without Redis, which may come later', async () => {
    const app = await application('redis://127.0.0.1:1', 'away');
    await app.init();
    expect(app.get(RedisConnections).connected).toBe(false);
    await app.close();
  });

  it('refuses a Redis Cluster when the prefix has no hash tag', async () => {
    const server = await ownRedis({ cluster: 'node' });
    const app = await application(server.url, 'millrace');
    await expect(app.init()).rejects.toThrow(/hash tag/);
    await app.close();
    await server.close();
  });
});

describe('QueueOptions', () => {
  it.each(['', 'a b', 'x'.repeat(65)])('refuses the prefix "%s"', (prefix) => {
    expect(() => new QueueOptions({ redisUrl: 'redis://localhost', prefix })).toThrow(RangeError);
  });
});

describe('Queues', () => {
  it('gives one object for one name and refuses names that no queue can have', () => {
    const { queues } = fixture.access;
    expect(queues.of('mail')).toBe(queues.of('mail'));
    expect(() => queues.of('delayed_tasks')).toThrow(/queue/);
  });
});
