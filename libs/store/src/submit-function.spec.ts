import { randomUUID } from 'node:crypto';
import { checkPayload, checkTaskOptions, RESERVED_QUEUES } from '@millrace/contracts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { outcomeOf, startedTask, testStore, type TestStore } from './store.fixture';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const find = (taskId: string) => db.store.queries.findByTaskId(taskId);

/** `SELECT millrace_submit('noop', …)`; the text is SQL, as a program in another language would send it. */
async function submit(rest = '', type = `'noop'`): Promise<string> {
  const [row] = await db.sql<{ id: string }>(`SELECT millrace_submit(${type}${rest}) AS id`);
  return row?.id ?? '';
}

/** The error of a statement that must fail. */
async function errorOf(work: Promise<unknown>): Promise<{ readonly code: string; readonly message: string }> {
  return work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: { readonly code: string; readonly message: string }) => error,
  );
}

describe('millrace_submit', () => {
  test('records a task with the defaults of the platform and a UUIDv7', async () => {
    const before = Date.now();
    const taskId = await submit();

    expect(await find(taskId)).toMatchObject({
      ...{ type: 'noop', queue: 'default', status: 'pending', priority: 0, payload: {}, userId: null, trace: null },
      ...{
        maxRetry: 3,
        retryDelayMs: 5_000,
        backoff: null,
        timeoutMs: null,
        uniqueKey: null,
        expiresAt: null,
        attempt: 0,
      },
    });
    expect(taskId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Math.abs(Number.parseInt(taskId.replace('-', '').slice(0, 12), 16) - before)).toBeLessThan(60_000);
  });

  test('takes every option by name', async () => {
    const taskId = await submit(`, '{"to": ["ann@example.com"]}', queue => 'mail', priority => 7,
      run_at => '2030-01-02T03:04:05Z', expires_at => '2031-01-01T00:00:00Z', max_retry => 5, retry_delay => '90 seconds',
      backoff => 'fixed', backoff_max => '1 hour', backoff_jitter => 0.5, timeout => '1500 milliseconds', user_id => 'u1',
      task_id => 'mail:1', unique_key => 'mail-1', unique_for => '1 day', traceparent => '00-aa-bb-01'`);

    expect(taskId).toBe('mail:1');
    expect(await find(taskId)).toMatchObject({
      ...{ payload: { to: ['ann@example.com'] }, queue: 'mail', priority: 7, maxRetry: 5, retryDelayMs: 90_000 },
      ...{
        backoff: { type: 'fixed', maxMs: 3_600_000, jitter: 0.5 },
        timeoutMs: 1_500,
        userId: 'u1',
        uniqueKey: 'mail-1',
      },
      ...{ runAt: new Date('2030-01-02T03:04:05Z'), expiresAt: new Date('2031-01-01T00:00:00Z') },
      trace: { traceparent: '00-aa-bb-01' },
    });
  });

  test.each([
    [`'no type'`, '', 'type must match'],
    ['NULL', '', 'type must match'],
    [`'scheduled:rebuild'`, '', 'type must not begin with scheduled:'],
    [`'noop'`, ', NULL', 'payload must be given'],
    [`'noop'`, `, queue => 'a:b'`, 'queue must match'],
    [`'noop'`, `, task_id => ''`, 'task_id must match'],
    [`'noop'`, ', priority => 10', 'priority must be a whole number from 0 to 9'],
    [`'noop'`, ', max_retry => -1', 'max_retry must be a whole number from 0 to 1000'],
    [`'noop'`, `, retry_delay => '-1 second'`, 'retry_delay must be from 0 ms to 3650 days'],
    [`'noop'`, `, timeout => '0'`, 'timeout must be from 1 ms to 3650 days'],
    [`'noop'`, `, timeout => '11 years'`, 'timeout must be from 1 ms to 3650 days'],
    [`'noop'`, `, backoff => 'linear'`, 'backoff must be fixed or exponential'],
    [`'noop'`, ', backoff_jitter => 0.5', 'backoff must be given'],
    [`'noop'`, `, backoff => 'fixed', backoff_jitter => 1.5`, 'backoff_jitter must be a number from 0 to 1'],
    [`'noop'`, `, run_at => 'infinity'`, 'run_at must be between the years 1970 and 9999'],
    [`'noop'`, `, expires_at => '1969-12-31T00:00:00Z'`, 'expires_at must be between the years 1970 and 9999'],
    [`'noop'`, `, user_id => ''`, 'user_id must be text of 1 to 255 characters'],
    [`'noop'`, `, unique_key => repeat('k', 256)`, 'unique_key must be text of 1 to 255 characters'],
    [`'noop'`, `, unique_for => '1 day'`, 'unique_key must be given with unique_for'],
    [`'noop'`, `, unique_key => 'k', unique_for => '0'`, 'unique_for must be from 1 ms to 3650 days'],
    [`'noop'`, `, traceparent => ''`, 'traceparent must be text of 1 to 255 characters'],
  ])('refuses %s%s and says why', async (type, rest, why) => {
    const { code, message } = await errorOf(submit(rest, type));

    expect(code).toBe('22023');
    expect(message).toContain(why);
  });

  test('lists every fault at once', async () => {
    const refused = submit(`, '{}', queue => 'a b', priority => 11`, `''`);

    await expect(refused).rejects.toThrow(/type must match .*; queue must match .*; priority must be/);
  });

  test('refuses the queue names that every other way in refuses', async () => {
    for (const queue of RESERVED_QUEUES) {
      await expect(submit(`, queue => '${queue}'`)).rejects.toThrow(`queue must not be the reserved name ${queue}`);
    }
  });

  test('agrees with the other ways in about names', async () => {
    for (const name of [
      'a',
      'A.b_c-d:e',
      '.a',
      '-a',
      '_a',
      'a b',
      'é',
      'a'.repeat(64),
      'a'.repeat(65),
      'a'.repeat(128),
      'a'.repeat(129),
    ]) {
      for (const [rest, type, options] of [
        ['', name, {}],
        [`, queue => '${name}'`, 'noop', { queue: name }],
        [`, task_id => '${name}'`, 'noop', { taskId: name }],
      ] as const) {
        const refused = await submit(rest, `'${type}'`).then(
          () => false,
          () => true,
        );
        expect(refused, `${type}${rest}`).toBe(checkTaskOptions(type, options).length > 0);
      }
    }
  });

  const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

  test.each([
    ['a payload of 32 levels', nested(32), null],
    ['a scalar at the bottom of 32 levels', '['.repeat(32) + '1' + ']'.repeat(32), null],
    ['a payload of 33 levels', nested(33), 'at most 32 levels deep'],
    ['33 levels of objects', '{"a":'.repeat(32) + '{}' + '}'.repeat(32), 'at most 32 levels deep'],
    ['JSON null', 'null', null],
    ['a payload of 256 KiB', `"${'x'.repeat(262_142)}"`, null],
    ['a payload of one byte more', `"${'x'.repeat(262_143)}"`, 'at most 262144 bytes of JSON; got 262145'],
    ['a number beyond a double', '{"n": [1e400]}', 'beyond the range of a double'],
    ['a number a double would round', '{"n": 9007199254740993}', 'send them as text'],
    ['large numbers that a double holds', '[9007199254740992, 1e20, -1e300, 0.1]', null],
  ])('holds the payload rules: %s', async (_, json, why) => {
    const submitting = db.sql<{ id: string }>(`SELECT millrace_submit('noop', $1::jsonb) AS id`, [json]);

    if (why !== null) return expect(submitting).rejects.toThrow(why);
    const [row] = await submitting;
    const payload = (await find(row?.id ?? ''))?.payload;
    expect(payload).toEqual(JSON.parse(json));
    expect(checkPayload(payload)).toEqual([]);
    return undefined;
  });

  test('never passes on NUL or half of a surrogate pair', async () => {
    for (const json of ['"\\u0000"', '"\\ud800"', '{"\\udc00": 1}']) {
      const { code } = await errorOf(db.sql(`SELECT millrace_submit('noop', $1::jsonb)`, [json]));
      expect(['22P02', '22P05']).toContain(code);
    }
  });

  test('refuses a task_id that is taken, whichever status has it; a savepoint outlives that', async () => {
    const ended = await startedTask(db.store, { taskId: `named-${randomUUID()}` });
    await db.store.tasks.recordOutcomes([outcomeOf(ended)]);
    const waiting = await submit(`, task_id => 'waiting-${randomUUID()}'`);

    for (const taskId of [ended.taskId, waiting]) {
      await expect(submit(`, task_id => '${taskId}'`)).rejects.toMatchObject({
        code: '23505',
        message: `millrace_submit: there already is a task ${taskId}`,
      });
    }
    await db.sql(`DO $$ BEGIN
      PERFORM millrace_submit('noop', task_id => 'kept-by-savepoint');
      BEGIN
        PERFORM millrace_submit('noop', task_id => 'lost-with-savepoint');
        PERFORM millrace_submit('noop', task_id => '${waiting}');
      EXCEPTION WHEN unique_violation THEN NULL;
      END;
    END $$`);
    expect(await find('kept-by-savepoint')).not.toBeNull();
    expect(await find('lost-with-savepoint')).toBeNull();
  });

  test('answers with the task that holds the unique key, from many sides at once, until the key is free', async () => {
    const key = randomUUID();
    const sides = await Promise.all(Array.from({ length: 8 }, () => submit(`, unique_key => '${key}'`)));
    const [holder = ''] = sides;
    expect(new Set(sides)).toEqual(new Set([holder]));
    expect(await db.sql('SELECT count(*)::integer AS n FROM tasks WHERE unique_key = $1', [key])).toEqual([{ n: 1 }]);

    await db.store.tasks.cancelIfPending(holder);
    const next = await submit(`, unique_key => '${key}', unique_for => '1 hour'`);
    expect(next).not.toBe(holder);
    await db.store.tasks.cancelIfPending(next);
    expect(await submit(`, unique_key => '${key}'`)).toBe(next);
  });

  test('leaves nothing after a rollback, and counts stay right', async () => {
    const before = await db.store.queries.countByStatus();
    const runner = db.store.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query(`SELECT millrace_submit('noop', task_id => 'undone', unique_key => 'undone')`);
    await runner.rollbackTransaction();
    await runner.release();

    expect(await find('undone')).toBeNull();
    expect(await db.store.queries.countByStatus()).toEqual(before);
    expect(await find(await submit(`, unique_key => 'undone'`))).not.toBeNull();
  });

  test('serves a role that may execute it and nothing else, whatever that role calls its own tables', async () => {
    const role = `app_${randomUUID().slice(0, 8)}`;
    const runner = db.store.dataSource.createQueryRunner();
    await runner.query(`CREATE ROLE ${role}`);
    try {
      await runner.query(`SET ROLE ${role}`);
      await expect(runner.query(`SELECT millrace_submit('noop')`)).rejects.toMatchObject({ code: '42501' });
      await runner.query('RESET ROLE');
      await runner.query(`GRANT EXECUTE ON FUNCTION millrace_submit TO ${role}`);
      await runner.query(`SET ROLE ${role}`);
      await runner.query('CREATE TEMPORARY TABLE tasks_pending (task_id text UNIQUE)');

      const [row] = (await runner.query(`SELECT millrace_submit('noop') AS id`)) as { id: string }[];

      await runner.query('RESET ROLE');
      expect(await find(row?.id ?? '')).toMatchObject({ status: 'pending' });
    } finally {
      await runner.query('RESET ROLE');
      await runner.query('DROP TABLE IF EXISTS pg_temp.tasks_pending');
      await runner.query(`DROP OWNED BY ${role}`);
      await runner.query(`DROP ROLE ${role}`);
      await runner.release();
    }
  });

  test('works from a transaction that looks for its tables elsewhere', async () => {
    const [row] = await db.store.dataSource.transaction<{ id: string }[]>(async (manager) => {
      await manager.query('SET LOCAL search_path = pg_catalog');
      return manager.query(`SELECT public.millrace_submit('noop') AS id`);
    });

    expect(await find(row?.id ?? '')).toMatchObject({ status: 'pending' });
  });
});
