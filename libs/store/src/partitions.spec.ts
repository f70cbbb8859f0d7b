import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { isTooWide, missingSpans, parseSpan, partitionName, partitionWidthMs } from './partition-plan';
import { newTask, outcomeOf, retryOf, startAgain, startedTask, testStore, type TestStore } from './store.fixture';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let db: TestStore;
beforeAll(async () => {
  db = await testStore();
});
afterAll(() => db.close());

const daysAgo = (days: number) => new Date(Date.now() - days * DAY);
const KEEP = { successMs: 30 * DAY, failedMs: 90 * DAY, cancelledMs: 30 * DAY };

/** Ends a task and dates it back, as time would. */
async function endedTask(days: number): Promise<string> {
  const task = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([retryOf(task)]);
  const second = await startAgain(db.store, { taskId: task.taskId, attempt: 1 });
  await db.store.tasks.recordOutcomes([outcomeOf(second)]);
  await db.sql(`UPDATE tasks SET finished_at = $2 WHERE task_id = $1`, [task.taskId, daysAgo(days)]);
  return task.taskId;
}

const leafOf = async (taskId: string) => {
  const [row] = await db.sql<{ leaf: string }>(
    `SELECT tableoid::regclass::text AS leaf FROM tasks WHERE task_id = $1`,
    [taskId],
  );
  return row?.leaf ?? null;
};

test('a migrated database has partitions for now, and asking again makes none', async () => {
  const task = await startedTask(db.store);
  await db.store.tasks.recordOutcomes([outcomeOf(task)]);

  expect(await leafOf(task.taskId)).toMatch(/^tasks_success_\d{8}t\d\d$/);
  expect(await db.store.partitions.ensure()).toEqual({ created: [] });
});

test('what the net caught moves into the partition made for its time', async () => {
  const later = new Date(Date.now() + 20 * DAY);
  const taskId = await endedTask(-20);
  expect(await leafOf(taskId)).toBe('tasks_success_default');

  const { created } = await db.store.partitions.ensure({ now: later });

  expect(created.length).toBeGreaterThan(0);
  expect(await leafOf(taskId)).toMatch(/^tasks_success_\d{8}t\d\d$/);
  expect(await db.store.queries.findByTaskId(taskId)).toMatchObject({ status: 'success' });
});

test('a partition is dropped once all its tasks are past their time, with their attempts', async () => {
  const now = new Date(Date.now() + 60 * DAY);
  const [old, young] = [await endedTask(0), await endedTask(-59)];

  const pruned = await db.store.partitions.prune(KEEP, now);

  expect(pruned.partitions).toBeGreaterThan(0);
  expect(pruned.droppedTasks).toBeGreaterThan(0);
  expect([await leafOf(old), await leafOf(young)]).toEqual([null, expect.stringContaining('tasks_success')]);
  expect(await db.store.attempts.ofTask(old)).toEqual([]);
  expect(await db.sql('SELECT 1 FROM task_attempts WHERE task_id = $1', [old])).toEqual([]);
  expect(await db.store.attempts.ofTask(young)).toHaveLength(2);
});

test('a process whose clock is years off removes nothing and makes no partition', async () => {
  await db.store.partitions.ensure();
  const taskId = await endedTask(0);

  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 400 * DAY });
  try {
    expect(await db.store.partitions.ensure()).toEqual({ created: [] });
    expect(await db.store.partitions.prune(KEEP)).toMatchObject({ droppedTasks: 0, deletedTasks: 0 });
  } finally {
    vi.useRealTimers();
  }

  expect(await leafOf(taskId)).not.toBeNull();
});

test('a retention of a second keeps what has not ended and what ended just now', async () => {
  await db.store.partitions.ensure();
  const ended = await endedTask(2 / 86_400);
  const young = await endedTask(-1 / 24);
  const waiting = newTask();
  await db.store.tasks.insertMany([waiting]);

  const pruned = await db.store.partitions.prune({ successMs: 1_000, failedMs: 1_000, cancelledMs: 1_000 });

  expect(pruned).toMatchObject({ done: true });
  expect([await leafOf(ended), await leafOf(young), await leafOf(waiting.taskId)]).toEqual([
    null,
    expect.stringContaining('tasks_success'),
    'tasks_pending',
  ]);
});

test('several schedulers at once make and drop each partition once', async () => {
  const now = new Date(Date.now() + 400 * DAY);

  const ensured = await Promise.all(Array.from({ length: 3 }, () => db.store.partitions.ensure({ now })));
  const later = new Date(now.getTime() + 400 * DAY);
  const pruned = await Promise.all(Array.from({ length: 3 }, () => db.store.partitions.prune(KEEP, later)));

  const names = ensured.flatMap(({ created }) => created);
  expect(new Set(names).size).toBe(names.length);
  expect(pruned.reduce((sum, { partitions }) => sum + partitions, 0)).toBeGreaterThanOrEqual(names.length);
});

test('keys that are free and slots that were decided about long ago go', async () => {
  // A backfill's slots are old; what counts is when they were decided about.
  await db.sql(
    `INSERT INTO schedule_slots (schedule_id, slot_at, outcome, created_at)
     VALUES (1, $1, 'skipped', now()), (1, $2, 'skipped', $2), (1, $3, 'waiting', $3)`,
    [daysAgo(400), daysAgo(300), daysAgo(200)],
  );
  await db.store.idempotency.run({ key: 'k', scope: 's', requestHash: 'h', ttlMs: 0 }, async () => ({
    status: 201,
    body: 1,
  }));
  await db.store.tasks.insertMany([newTask({ uniqueKey: 'gone', uniqueForMs: 0 }), newTask({ uniqueKey: 'held' })]);
  await db.sql(`UPDATE unique_keys SET created_at = now() - interval '2 days'`);

  await db.store.partitions.prune(KEEP);

  expect(await db.sql('SELECT outcome FROM schedule_slots ORDER BY slot_at')).toEqual([
    { outcome: 'skipped' },
    { outcome: 'waiting' },
  ]);
  expect(await db.sql('SELECT 1 FROM idempotency_keys')).toEqual([]);
  expect(await db.sql('SELECT key FROM unique_keys')).toEqual([{ key: 'held' }]);
});

test('a partition is a tenth of the retention wide, between an hour and a week', () => {
  expect(partitionWidthMs(30 * DAY)).toBe(3 * DAY);
  expect(partitionWidthMs(90 * DAY)).toBe(7 * DAY);
  expect(partitionWidthMs(1_000)).toBe(HOUR);
});

test('new partitions continue the last one without gap or overlap, whatever its width was', () => {
  const now = new Date('2026-11-24T10:00:00Z');
  const existing = [{ from: new Date('2026-11-20T00:00:00Z'), to: new Date('2026-11-25T07:00:00Z') }];

  const spans = missingSpans(existing, 3 * DAY, now);

  expect(spans[0]?.from).toEqual(existing[0]?.to);
  for (const [index, span] of spans.entries()) expect(span.from).toEqual(spans[index - 1]?.to ?? existing[0]?.to);
  expect(Number(spans.at(-1)?.to)).toBeGreaterThanOrEqual(now.getTime() + 6 * DAY);
  expect(missingSpans([...existing, ...spans], 3 * DAY, now)).toEqual([]);
});

test('bounds are read as the catalogue writes them', () => {
  const span = parseSpan(`FOR VALUES FROM ('2026-11-24 06:00:00+00') TO ('2026-11-27 06:00:00+00')`);

  expect(span).toEqual({ from: new Date('2026-11-24T06:00:00Z'), to: new Date('2026-11-27T06:00:00Z') });
  expect(span && partitionName('failed', span)).toBe('tasks_failed_20261124t06');
  expect(parseSpan('DEFAULT')).toBeNull();
});

test('only a partition that would keep tasks a fifth longer is emptied row by row', () => {
  const span = { from: new Date(0), to: new Date(3 * DAY) };

  expect(isTooWide(span, new Date(1), 30 * DAY)).toBe(false);
  expect(isTooWide(span, new Date(1), DAY)).toBe(true);
});
