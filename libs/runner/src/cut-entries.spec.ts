import { eventually, testDatabase, testRedis } from '@millrace/testing';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { handlerOf, openWorkbench, type Workbench } from './worker.fixture';

let bench: Workbench;
let push: (...entries: string[]) => Promise<unknown>;

beforeAll(async () => {
  const [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  push = (...entries) => redis.redis.lpush(`${redis.prefix}:tasks`, ...entries);
  bench = await openWorkbench({
    databaseUrl: database.url,
    redisUrl: redis.url,
    prefix: redis.prefix,
    close: async () => {
      await redis.close();
      await database.drop();
    },
  });
  await bench.startWorker([handlerOf('echo', () => null)]);
});
afterAll(() => bench.close());

it('an entry that is cut off after a good head is set aside when it has no row, and no more than a hint when it has', async () => {
  const { taskId } = await bench.submitter.submit('echo', {}, { delay: '1h' });
  const cut = (id: string) => `{"id":"${id}","attempt":0,"name":"echo","payload":{"a`;

  await push(cut('cut-off'), cut(taskId));

  await eventually(async () =>
    expect(await bench.queues.of('default').depth()).toMatchObject({ bad: 1, ready: 0, processing: 0 }),
  );
  expect(await bench.queries.findByTaskId('cut-off')).toBeNull();
  expect(await bench.queries.findByTaskId(taskId)).toMatchObject({ status: 'pending', attempt: 0 });
});
