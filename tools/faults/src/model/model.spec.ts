import type { Mutant } from '@millrace/contracts';
import { createQueues, QueueOptions, type QueueAccess } from '@millrace/queue';
import { migrate, openStore, StoreOptions, type Store } from '@millrace/store';
import { testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { explore, playTwin } from './explore';
import { realStores } from './real-stores';
import type { Stores } from './stores';
import type { World } from './world';

/** Steps in a given order. */
type Story = readonly ((world: World) => Promise<void>)[];

const SEED = 20_261_124;

describe('the model of the protocol', () => {
  it('keeps its invariants and comes to rest, in whatever order things happen', async () => {
    await explore({ runs: 2_000, maxSteps: 80, seed: SEED });
  }, 120_000);
});

describe('the protocol on real stores', () => {
  let database: TestDatabase;
  let server: TestRedis;
  let store: Store;
  let access: QueueAccess;

  beforeAll(async () => {
    [database, server] = await Promise.all([testDatabase(), testRedis()]);
    await migrate(database.url);
    store = await openStore(new StoreOptions({ databaseUrl: database.url, poolSize: 4 }));
    access = createQueues(new QueueOptions({ redisUrl: server.url, prefix: server.prefix }));
  });

  afterEach(() => {
    delete process.env['MUTANT'];
  });

  afterAll(async () => {
    await access.close();
    await store.close();
    await server.close();
    await database.drop();
  });

  it('looks like the model after every step, in whatever order things happen', async () => {
    await exploreTwin(100, 'shortest');
  }, 300_000);

  it.each<Mutant>(['claim_without_lease', 'no_gate'])(
    'does not look like the model when it is the mutant %s',
    async (mutant) => {
      process.env['MUTANT'] = mutant;

      await expect(exploreTwin(300, 'first')).rejects.toThrow('Property failed');
    },
    300_000,
  );

  const lost: Story = [
    (world) => world.submit({ dispatch: 'dispatched' }),
    ...[(world: World) => world.claim(0), (world: World) => world.start(0), (world: World) => world.pause(0)],
    ...[(world: World) => world.rescue(), (world: World) => world.claim(1), (world: World) => world.start(1)],
    (world) => world.resume(0),
  ];

  it.each<{ mutant: Mutant; what: string; story: Story }>([
    {
      ...{ mutant: 'no_fence', what: 'a worker comes back while its task runs elsewhere, and records its outcome' },
      story: [...lost, (world) => world.end(0, 'returns'), (world) => world.recordEnded(0)],
    },
    {
      ...{ mutant: 'rescue_without_condition', what: 'a worker comes back, claims its lost hold again, and dies' },
      story: [
        ...lost,
        ...[(world: World) => world.lose(['processing']), (world: World) => world.renew(0)],
        ...[(world: World) => world.crash(0), (world: World) => world.rescue()],
      ],
    },
    {
      ...{ mutant: 'cancel_overwrites_success', what: 'a handler returns although it was asked to stop' },
      story: [
        (world) => world.submit({ dispatch: 'dispatched' }),
        ...[(world: World) => world.claim(0), (world: World) => world.start(0), (world: World) => world.cancel(0)],
        ...[(world: World) => world.end(0, 'returns'), (world: World) => world.recordEnded(0)],
      ],
    },
  ])('looks like the model when $what, unless it is the mutant $mutant', async ({ mutant, story }) => {
    await playTwin(story, twin);
    process.env['MUTANT'] = mutant;

    await expect(playTwin(story, twin)).rejects.toThrow('the stores differ from the model');
  });

  function twin(queueName: string): Stores {
    return realStores({ store, access, redis: server.redis, prefix: server.prefix }, queueName);
  }

  function exploreTwin(runs: number, report: 'shortest' | 'first'): Promise<number> {
    return explore({ runs, maxSteps: 60, seed: SEED, report, twin });
  }
});
