import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newTask, outcomeOf, startedTask, testStore, type TestStore } from './store.fixture';
import { UnstorableData } from './store-errors';

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

test('a batch is answered in its order, with rising ids', async () => {
  const tasks = Array.from({ length: 1_500 }, () => newTask());

  const results = await db.store.tasks.insertMany(tasks);

  expect(results.map(({ taskId }) => taskId)).toEqual(tasks.map(({ taskId }) => taskId));
  const ids = results.map((result) => (result.kind === 'inserted' ? result.id : 0));
  expect(ids).toEqual([...ids].sort((a, b) => a - b));
});

test('when a new task is due is answered as its row has it, of one and of many', async () => {
  const kinds = () => [
    newTask(),
    newTask({ delayMs: 90_061 }),
    newTask({ runAt: new Date('2030-01-02T03:04:05.678Z') }),
  ];
  const batches = [kinds(), ...kinds().map((task) => [task])];

  for (const tasks of batches) {
    for (const result of await db.store.tasks.insertMany(tasks)) {
      const { createdAt, runAt, id } = (await db.store.queries.findByTaskId(result.taskId)) ?? {};
      expect(result).toEqual({ kind: 'inserted', taskId: result.taskId, id, createdAt, runAt });
    }
  }
});

test('in parts all are answered in their order, and a task_id that is taken is told apart', async () => {
  const fresh = Array.from({ length: 600 }, () => newTask());
  const named = Array.from({ length: 300 }, () => newTask({ taskId: `named-${randomUUID()}` }));
  await db.store.tasks.insertMany(named.slice(0, 1));

  for (const tasks of [fresh, named]) {
    const results = await db.store.tasks.transaction(async (manager) => {
      const answered = [];
      for await (const part of db.store.tasks.insertInParts(tasks, manager)) answered.push(...part);
      return answered;
    });

    expect(results.map(({ taskId }) => taskId)).toEqual(tasks.map(({ taskId }) => taskId));
    expect(results.filter(({ kind }) => kind === 'task_id_taken')).toHaveLength(tasks === named ? 1 : 0);
  }
});

test('a payload is kept exactly, big numbers included, and JSON null is a payload', async () => {
  const [big, nothing] = [newTask({ payload: '{"n":12345678901234567890.5}' }), newTask({ payload: 'null' })];

  await db.store.tasks.insertMany([big, nothing]);

  expect(await db.sql(`SELECT payload ->> 'n' AS n FROM tasks WHERE task_id = $1`, [big.taskId])).toEqual([
    { n: '12345678901234567890.5' },
  ]);
  expect(await db.store.queries.findByTaskId(nothing.taskId)).toMatchObject({ payload: null });
});

test('a taken task_id is answered and stops no other, whichever status has it', async () => {
  const running = await startedTask(db.store, { taskId: `named-${randomUUID()}` });
  const ended = await startedTask(db.store, { taskId: `named-${randomUUID()}` });
  await db.store.tasks.recordOutcomes([outcomeOf(ended)]);
  const fresh = newTask({ taskId: `named-${randomUUID()}` });
  const waiting = newTask({ taskId: `named-${randomUUID()}` });
  await db.store.tasks.insertMany([waiting]);

  const results = await db.store.tasks.insertMany([
    newTask({ taskId: running.taskId }),
    fresh,
    newTask({ taskId: ended.taskId }),
    newTask({ taskId: waiting.taskId }),
    fresh,
  ]);

  expect(results.map(({ kind }) => kind)).toEqual([
    'task_id_taken',
    'inserted',
    'task_id_taken',
    'task_id_taken',
    'task_id_taken',
  ]);
  const rows = await db.sql('SELECT task_id FROM tasks WHERE task_id = ANY ($1)', [
    results.map(({ taskId }) => taskId),
  ]);
  expect(rows).toHaveLength(4);
});

test('of the same task_id from many sides at the same time one is inserted', async () => {
  const ids = Array.from({ length: 20 }, () => `race-${randomUUID()}`);
  const batch = ids.map((taskId) => newTask({ taskId }));

  const answers = await Promise.all(
    Array.from({ length: 6 }, (_, side) => db.store.tasks.insertMany(side % 2 ? batch : batch.toReversed())),
  );

  expect(answers.flat().filter(({ kind }) => kind === 'inserted')).toHaveLength(20);
});

test('an id cannot slip in while its task moves back to wait', async () => {
  const task = await startedTask(db.store, { taskId: `moving-${randomUUID()}` });
  await db.store.tasks.recordOutcomes([outcomeOf(task, { status: 'failed', outcome: 'failed' })]);
  const mover = db.store.dataSource.createQueryRunner();
  await mover.startTransaction();
  await mover.query(
    `UPDATE tasks SET status = 'pending', worker_id = NULL, started_at = NULL, finished_at = NULL, result = NULL WHERE task_id = $1`,
    [task.taskId],
  );

  const inserting = db.store.tasks.insertMany([newTask({ taskId: task.taskId })]);
  await mover.commitTransaction();
  await mover.release();

  expect(await inserting).toEqual([{ kind: 'task_id_taken', taskId: task.taskId }]);
});

test('while a unique key is held by an unfinished task, another task gets its id instead', async () => {
  const key = randomUUID();
  const [first, second] = [newTask({ uniqueKey: key }), newTask({ uniqueKey: key })];

  const [one] = await db.store.tasks.insertMany([first]);
  const [two] = await db.store.tasks.insertMany([second]);

  expect([one?.kind, two]).toEqual(['inserted', { kind: 'unique_taken', taskId: first.taskId }]);
  expect(await db.store.queries.findByTaskId(second.taskId)).toBeNull();
});

test('a unique key without a time is free once its task has ended', async () => {
  const key = randomUUID();
  const first = await startedTask(db.store, { uniqueKey: key });
  await db.store.tasks.recordOutcomes([outcomeOf(first)]);

  const [next] = await db.store.tasks.insertMany([newTask({ uniqueKey: key })]);

  expect(next?.kind).toBe('inserted');
});

test('a unique key with a time is held after its task has ended, until then and no longer', async () => {
  const key = randomUUID();
  const first = await startedTask(db.store, { uniqueKey: key, uniqueForMs: 60_000 });
  await db.store.tasks.recordOutcomes([outcomeOf(first)]);

  const [during] = await db.store.tasks.insertMany([newTask({ uniqueKey: key, uniqueForMs: 60_000 })]);
  await db.sql(`UPDATE unique_keys SET expires_at = now() WHERE key = $1`, [key]);
  const [after] = await db.store.tasks.insertMany([newTask({ uniqueKey: key, uniqueForMs: 60_000 })]);

  expect([during?.kind, after?.kind]).toEqual(['unique_taken', 'inserted']);
});

test('of one unique key in one batch, and from many sides, one task is inserted', async () => {
  const [inBatch, contested] = [randomUUID(), randomUUID()];
  const batch = [newTask({ uniqueKey: inBatch }), newTask({ uniqueKey: inBatch })];

  const results = await db.store.tasks.insertMany(batch);
  const sides = await Promise.all(
    Array.from({ length: 8 }, () => db.store.tasks.insertMany([newTask({ uniqueKey: contested })])),
  );

  expect(results.map(({ kind }) => kind)).toEqual(['inserted', 'unique_taken']);
  expect(sides.flat().filter(({ kind }) => kind === 'inserted')).toHaveLength(1);
});

test('a task whose task_id is taken does not take its unique key', async () => {
  const key = randomUUID();
  const there = newTask({ taskId: `t-${randomUUID()}` });
  await db.store.tasks.insertMany([there]);

  await db.store.tasks.insertMany([newTask({ taskId: there.taskId, uniqueKey: key })]);
  const [next] = await db.store.tasks.insertMany([newTask({ uniqueKey: key })]);

  expect(next?.kind).toBe('inserted');
});

test('within the caller’s transaction nothing is there until it commits, and nothing after a rollback', async () => {
  const task = newTask();

  const failing = db.store.tasks.transaction(async (manager) => {
    await db.store.tasks.insertMany([task], manager);
    expect(await db.store.queries.findByTaskId(task.taskId)).toBeNull();
    throw new Error('changed my mind');
  });

  await expect(failing).rejects.toThrow('changed my mind');
  expect(await db.store.queries.findByTaskId(task.taskId)).toBeNull();
});

test('a plain INSERT of an operator gets every default, and nonsense is refused', async () => {
  await db.sql(`INSERT INTO tasks (type) VALUES ('by_hand')`);

  const [row] = await db.sql<{ task_id: string }>(`SELECT * FROM tasks WHERE type = 'by_hand'`);
  expect(row).toMatchObject({ status: 'pending', queue: 'default', attempt: 0, max_retry: 3, payload: {} });
  for (const values of [`('bad type', 0)`, `('x', 10)`]) {
    await expect(db.sql(`INSERT INTO tasks (type, priority) VALUES ${values}`)).rejects.toThrow('check constraint');
  }
  await expect(db.sql(`UPDATE tasks SET status = 'done' WHERE type = 'by_hand'`)).rejects.toThrow('tasks');
  await expect(db.sql(`UPDATE tasks SET status = 'success' WHERE type = 'by_hand'`)).rejects.toThrow('has_ended');
});

test('names are held to the patterns of the API, whoever inserts', async () => {
  const insert = (column: string, name: string) =>
    db.sql(`INSERT INTO tasks (type, ${column}) VALUES ('t', $1)`, [name]);
  const insertType = (name: string) => db.sql(`INSERT INTO tasks (type) VALUES ($1)`, [name]);
  const long = (length: number) => 'n'.repeat(length);

  for (const name of ['a', '-._:', `:${long(127)}`]) await insert('task_id', name);
  for (const name of ['a', '0._:-', long(128)]) await insertType(name);
  for (const name of ['a', '0._-', long(64)]) await insert('queue', name);

  for (const name of ['', 'a b', 'ä', 'a\n', 'a/', long(129)]) {
    await expect(insert('task_id', name), name).rejects.toThrow('tasks_task_id');
    await expect(insertType(name), name).rejects.toThrow('tasks_type');
    await expect(insert('queue', name), name).rejects.toThrow('tasks_queue');
  }
  for (const name of ['.a', '_a', ':a', '-a']) await expect(insertType(name), name).rejects.toThrow('tasks_type');
  for (const name of ['.a', '_a', '-a', 'a:b', long(65)]) {
    await expect(insert('queue', name), name).rejects.toThrow('tasks_queue');
  }
});

test('data that no column can hold is said to be the data’s fault', async () => {
  await expect(db.store.tasks.insertMany([newTask({ payload: '1e999999' })])).rejects.toThrow(UnstorableData);
});

test('an error holds no payload, so that it may be logged', async () => {
  const secret = newTask({ payload: '"secret"', type: 'not a type' });

  const error: unknown = await db.store.tasks.insertMany([secret]).catch((reason: unknown) => reason);

  expect(error).toBeInstanceOf(UnstorableData);
  expect(inspect(error, { depth: 10, showHidden: true })).not.toContain('secret');
});
