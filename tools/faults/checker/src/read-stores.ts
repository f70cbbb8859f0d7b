import { Redis } from 'ioredis';
import { Client } from 'pg';
import type {
  AttemptRecord,
  AuditRecord,
  Evidence,
  FunctionTaskRecord,
  SlotRecord,
  SlotTaskRecord,
  TaskRecord,
} from './records';

const TASKS = `
  SELECT task_id, type, status, attempt, retry_count, max_retry, error_code, schedule_id IS NOT NULL AS scheduled,
    extract(epoch FROM started_at - run_at)::float8 * 1000 AS started_after_due_ms,
    CASE WHEN type = 'effect' THEN result END AS result
  FROM tasks`;
const ATTEMPTS = `
  SELECT task_id, attempt, outcome, worker_id, extract(epoch FROM finished_at)::float8 * 1000 AS finished_at
  FROM task_attempts`;
const AUDIT = `
  SELECT task_id, action, extract(epoch FROM at)::float8 * 1000 AS at
  FROM audit_log WHERE task_id IS NOT NULL AND action IN ('cancel', 'request_cancel', 'retry') ORDER BY id`;
const SLOTS = `
  SELECT c.name AS schedule, extract(epoch FROM s.slot_at)::float8 * 1000 AS slot_at, s.outcome, s.task_id,
    s.late_ms::float8 AS late_ms, extract(epoch FROM s.created_at)::float8 * 1000 AS decided_at
  FROM schedule_slots s JOIN schedules c ON c.id = s.schedule_id`;
const SLOT_TASKS = `
  SELECT c.name AS schedule, extract(epoch FROM t.slot_at)::float8 * 1000 AS slot_at, t.task_id
  FROM tasks t JOIN schedules c ON c.id = t.schedule_id WHERE t.slot_at IS NOT NULL`;
const FUNCTION_TASKS = `
  SELECT c.name AS schedule, extract(epoch FROM t.slot_at)::float8 * 1000 AS slot_at, t.task_id, t.status, t.error_code,
    t.worker_id, t.result, extract(epoch FROM t.started_at)::float8 * 1000 AS started_at,
    extract(epoch FROM t.finished_at)::float8 * 1000 AS finished_at
  FROM tasks t JOIN schedules c ON c.id = t.schedule_id WHERE t.type = 'scheduled:' || c.name`;
const COUNTS = 'SELECT status, count(*)::integer AS n FROM tasks GROUP BY 1';

/** What is empty once everything has ended, of every queue. `workers`, `epoch` and unreadable entries stay. */
const EMPTY = /:(processing|leases|idx|delayed_tasks|unrecorded|tasks(:\d)?|claim:.*)$/;

type StoredRecord = Pick<
  Evidence,
  'tasks' | 'attempts' | 'audit' | 'slots' | 'slotTasks' | 'functionTasks' | 'counted'
>;

/** Reads the record with plain SQL. */
export async function readRecord(databaseUrl: string): Promise<StoredRecord> {
  const client = new Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    const tasks = await client.query<TaskRecord>(TASKS);
    const attempts = await client.query<AttemptRecord>(ATTEMPTS);
    const audit = await client.query<AuditRecord>(AUDIT);
    const slots = await client.query<SlotRecord>(SLOTS);
    const slotTasks = await client.query<SlotTaskRecord>(SLOT_TASKS);
    const functionTasks = await client.query<FunctionTaskRecord>(FUNCTION_TASKS);
    const counts = await client.query<{ status: string; n: number }>(COUNTS);
    const counted = Object.fromEntries(counts.rows.map(({ status, n }) => [status, n]));
    const schedules = { slots: slots.rows, slotTasks: slotTasks.rows, functionTasks: functionTasks.rows };
    return { tasks: tasks.rows, attempts: attempts.rows, audit: audit.rows, ...schedules, counted };
  } finally {
    await client.end();
  }
}

/** Reads what is left in Redis of a platform at rest, with plain commands. */
export async function readLeftovers(redisUrl: string, prefix: string): Promise<Evidence['leftovers']> {
  const redis = new Redis(redisUrl);
  try {
    const leftovers: Record<string, number> = {};
    for (const key of await redis.keys(`${prefix}:*`)) {
      if (EMPTY.test(key)) leftovers[key] = await sizeOf(redis, key);
    }
    return leftovers;
  } finally {
    redis.disconnect();
  }
}

async function sizeOf(redis: Redis, key: string): Promise<number> {
  switch (await redis.type(key)) {
    case 'list':
      // A mark that wakes a worker is no task.
      return (await redis.lrange(key, 0, -1)).filter((entry) => entry !== '*').length;
    case 'hash':
      return redis.hlen(key);
    case 'zset':
      return redis.zcard(key);
    case 'none':
      return 0;
    default:
      return 1;
  }
}
