import type { EntityManager } from 'typeorm';
import { arrayLiteral, arrayText, type ArrayItem } from './array-literal';
import { countedInsert } from './counted-move';
import type { Database, PreparedStatement } from './database';
import { storableJson } from './storable-text';
import type { NewTask } from './task-row';

/** A raw entry may say that some retries are used already. */
export type InsertableTask = NewTask & { readonly retryCount?: number };

/** What the database gave new rows, in lists of equal length. */
export interface InsertedRows {
  readonly createdAt: Date;
  readonly ids: readonly number[];
  readonly taskIds: readonly string[];
}

const COLUMNS = `
    task_id, type, queue, user_id, payload, priority, retry_count, max_retry, retry_delay_ms, timeout_ms, backoff,
    run_at, expires_at, unique_key, schedule_id, slot_at, trace`;

/** The values of the parameters $1, $2 …; that of the payload is its JSON. */
const VALUES_OF: readonly ((task: InsertableTask) => ArrayItem)[] = [
  ({ taskId }) => taskId,
  ({ type }) => type,
  ({ queue }) => queue,
  ({ userId }) => userId,
  payloadOf,
  ({ priority }) => priority,
  ({ retryCount }) => retryCount ?? 0,
  ({ maxRetry }) => maxRetry,
  ({ retryDelayMs }) => retryDelayMs,
  ({ timeoutMs }) => timeoutMs,
  ({ backoff }) => backoff && JSON.stringify(backoff),
  ({ runAt }) => runAt,
  ({ delayMs }) => delayMs,
  ({ expiresAt }) => expiresAt,
  ({ uniqueKey }) => uniqueKey,
  ({ scheduleId }) => scheduleId,
  ({ slotAt }) => slotAt,
  ({ trace }) => trace && JSON.stringify(trace),
];

const DUE = (runAt: string, delayMs: string) => `coalesce(${runAt}, now() + coalesce(${delayMs}, 0) * interval '1 ms')`;

/**
 * Each column comes as an array of its own, the payloads as one JSON array: a third of the CPU less, for the server, than
 * one array of records, whose every field PostgreSQL looks up by name. A column without values comes as null.
 */
const ROWS = `
  SELECT
    task_id, type, queue, user_id, payload, priority, retry_count, max_retry, retry_delay_ms, timeout_ms, backoff::jsonb,
    ${DUE('run_at', 'delay_ms')}, expires_at, unique_key, schedule_id, slot_at, trace::jsonb
  FROM ROWS FROM (
    unnest($1::text[]), unnest($2::text[]), unnest($3::text[]), unnest($4::text[]), jsonb_array_elements($5::jsonb),
    unnest($6::smallint[]), unnest($7::integer[]), unnest($8::integer[]), unnest($9::bigint[]), unnest($10::bigint[]),
    unnest($11::text[]), unnest($12::timestamptz[]), unnest($13::bigint[]), unnest($14::timestamptz[]), unnest($15::text[]),
    unnest($16::bigint[]), unnest($17::timestamptz[]), unnest($18::text[])
  ) AS s (
    task_id, type, queue, user_id, payload,
    priority, retry_count, max_retry, retry_delay_ms, timeout_ms,
    backoff, run_at, delay_ms, expires_at, unique_key,
    schedule_id, slot_at, trace
  )`;

/** One row for all: of a row for each task the driver makes 3 µs a task, of this one a tenth. */
const ANSWER = `SELECT now() AS created_at, json_agg(id) AS ids, json_agg(task_id) AS task_ids FROM added`;

const insertOfMany = (name: string, added: string, counted = ''): PreparedStatement => ({
  name,
  plans: 'any',
  text: `WITH added AS (${added})${counted} ${ANSWER}`,
});

/**
 * For ids that Millrace has just made, which need no second look: that costs a twentieth of the insert. It counts its rows
 * itself, as the two statements of every start and outcome do: the trigger would keep a copy of each.
 */
const INSERT_FRESH = insertOfMany(
  'insert-fresh',
  `INSERT INTO tasks_uncounted (${COLUMNS}) ${ROWS} RETURNING id, task_id, type, queue, user_id`,
  `, ${countedInsert('pending')}`,
);

const INSERT_IF_FREE = insertOfMany(
  'insert-if-free',
  `INSERT INTO tasks_pending (${COLUMNS}) ${ROWS} ON CONFLICT (task_id) DO NOTHING RETURNING id, task_id`,
);

/** `INSERT_FRESH` for one: a task on an idle system has it in 0.83 ms instead of 0.97, of which a round trip and a commit take 0.75. */
const INSERT_ONE: PreparedStatement = {
  name: 'insert-one',
  plans: 'any',
  text: `
  WITH counted AS (
    INSERT INTO task_count_deltas (n, status, type, queue, user_id) VALUES (1, 'pending', $2, $3, $4)
  )
  INSERT INTO tasks_uncounted (${COLUMNS}) VALUES (
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11,
    ${DUE('$12::timestamptz', '$13::bigint')}, $14, $15, $16, $17, $18
  ) RETURNING now() AS created_at, json_build_array(id) AS ids, json_build_array(task_id) AS task_ids`,
};

/**
 * Makes the statement that inserts these tasks; what it returns sends it. With `named` a task whose task_id waits already is
 * left out; else none of them can be there yet. What was inserted is mostly answered in the order in which it came.
 */
export function rowsInsert(
  db: Database,
  tasks: readonly InsertableTask[],
  { named }: { readonly named: boolean },
): (manager?: EntityManager) => Promise<InsertedRows> {
  const [only] = tasks;
  const isOne = only !== undefined && tasks.length === 1 && !named;
  const statement = isOne ? INSERT_ONE : named ? INSERT_IF_FREE : INSERT_FRESH;
  const parameters = isOne ? VALUES_OF.map((valueOf) => arrayText(valueOf(only))) : columnsOf(tasks);
  return async (manager) => {
    const [answer] = await db.queryPrepared<InsertAnswer>(statement, parameters, manager);
    if (!answer) throw new Error('An insert answered with no row');
    return { createdAt: answer.created_at, ids: answer.ids ?? [], taskIds: answer.task_ids ?? [] };
  };
}

interface InsertAnswer {
  readonly created_at: Date;
  /** Null when nothing was inserted. */
  readonly ids: readonly number[] | null;
  readonly task_ids: readonly string[] | null;
}

function columnsOf(tasks: readonly InsertableTask[]): readonly (string | null)[] {
  return VALUES_OF.map((valueOf) =>
    valueOf === payloadOf ? `[${tasks.map(payloadOf).join(',')}]` : arrayLiteral(tasks, valueOf),
  );
}

function payloadOf({ payload }: InsertableTask): string {
  return storableJson(payload);
}
