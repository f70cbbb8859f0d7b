import { migrate, Store } from '@millrace/store';
import { eventually, testDatabase, testRedis, type TestDatabase, type TestRedis } from '@millrace/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startApi, type Answer, type RunningApi } from './testing/start-api';

let database: TestDatabase;
let redis: TestRedis;
/** Two instances, as behind a load balancer. */
let apis: readonly RunningApi[];
let store: Store;

beforeAll(async () => {
  [database, redis] = await Promise.all([testDatabase(), testRedis()]);
  await migrate(database.url);
  const env = { DATABASE_URL: database.url, REDIS_URL: redis.url, QUEUE_REDIS_PREFIX: redis.prefix };
  const [first, second] = [await startApi(env), await startApi(env)];
  apis = [first, second];
  store = first.app.get(Store);
});

afterAll(async () => {
  for (const api of apis) await api.close();
  await Promise.all([database.drop(), redis.close()]);
});

/** A submit at one instance or the other. */
function post(n: number, body: unknown, key: string): Promise<Answer> {
  const api = apis[n % apis.length];
  if (!api) throw new Error('no api runs');
  return api.call('POST', 'tasks', { body, headers: { 'idempotency-key': key } });
}

const taskOf = (user_id: string, payload: unknown = {}) => ({ type: 'noop', payload, user_id });

const recorded = (userId: string) =>
  store.dataSource.query<{ task_id: string }[]>('SELECT task_id FROM tasks WHERE user_id = $1', [userId]);

const idOf = (answer: Answer) => answer.json<{ task_id: string }>().task_id;

/** A request that has taken its key and got no further. */
async function unfinishedRequest(key: string) {
  await post(0, taskOf('example'), 'example');
  const runner = store.dataSource.createQueryRunner();
  await runner.startTransaction();
  await runner.query(
    `INSERT INTO idempotency_keys (scope, key, request_hash, expires_at)
     SELECT scope, $1, request_hash, expires_at FROM idempotency_keys WHERE key = 'example'`,
    [key],
  );
  return {
    die: async () => {
      await runner.rollbackTransaction();
      await runner.release();
    },
  };
}

describe('an Idempotency-Key at two instances', () => {
  it('raced a hundredfold makes one task, and everyone gets the same answer', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, (_, n) => post(n, taskOf('raced'), 'raced')));

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1);
    expect(await recorded('raced')).toEqual(answers.slice(0, 1).map((answer) => ({ task_id: idOf(answer) })));
  });

  it('raced with two requests serves the first to come and refuses every other one', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) => post(n, taskOf('mixed', n % 4 < 2 ? 'a' : 'b'), 'mixed')),
    );

    const served = answers.filter(({ status }) => status === 201);
    expect(served).toHaveLength(50);
    expect(new Set(served.map(({ text }) => text)).size).toBe(1);
    expect(answers.filter(({ status }) => status === 422)).toHaveLength(50);
    expect(await recorded('mixed')).toHaveLength(1);
  });

  it('of twenty keys raced at once makes one task each', async () => {
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => post(n >> 1, taskOf('many', { key: n % 20 }), `many-${n % 20}`)),
    );

    expect(new Set(answers.map(idOf)).size).toBe(20);
    expect(await recorded('many')).toHaveLength(20);
  });

  it('under which a unique key was held answers with that task, raced as well', async () => {
    const unique = { key: 'held', for: 'unfinished' };
    const holder = await post(0, { ...taskOf('held'), unique }, 'holder');

    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, n) => post(n, { ...taskOf('held'), unique }, `asking-${n % 4}`)),
    );

    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(idOf))).toEqual(new Set([idOf(holder)]));
    expect(await recorded('held')).toHaveLength(1);
  });

  it('whose first request died in the middle is served to the next, once', async () => {
    const first = await unfinishedRequest('orphaned');
    const waiting = [0, 1].map((n) => post(n, taskOf('orphaned'), 'orphaned'));
    await eventually(async () => {
      const blocked: unknown = await store.dataSource.query(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      expect(blocked).toHaveLength(2);
    });
    await first.die();

    const answers = await Promise.all(waiting);
    expect(answers.map(({ status }) => status)).toEqual([201, 201]);
    expect(new Set(answers.map(idOf)).size).toBe(1);
    expect(await recorded('orphaned')).toHaveLength(1);
  });

  it('whose first request takes too long answers 503 and can be sent again', async () => {
    const first = await unfinishedRequest('slow');

    const answer = await post(0, taskOf('slow'), 'slow');

    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '2']);
    await first.die();
    expect((await post(1, taskOf('slow'), 'slow')).status).toBe(201);
    expect(await recorded('slow')).toHaveLength(1);
  });

  it('is kept for 24 hours, and then free for another request', async () => {
    const first = await post(0, taskOf('kept', 1), 'kept');
    const [kept] = await store.dataSource.query<{ hours: number }[]>(
      `SELECT (extract(epoch FROM expires_at - created_at) / 3600)::integer AS hours FROM idempotency_keys WHERE key = 'kept'`,
    );
    expect(kept).toEqual({ hours: 24 });
    expect((await post(1, taskOf('kept', 2), 'kept')).status).toBe(422);

    await store.dataSource.query(`UPDATE idempotency_keys SET expires_at = now() WHERE key = 'kept'`);

    const next = await post(1, taskOf('kept', 2), 'kept');
    expect(next.status).toBe(201);
    expect(idOf(next)).not.toBe(idOf(first));
    expect(idOf(await post(0, taskOf('kept', 2), 'kept'))).toBe(idOf(next));
  });
});
