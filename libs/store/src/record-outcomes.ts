import { ERROR_MESSAGE_LIMIT, failpoint } from '@millrace/contracts';
import { arrayLiteral } from './array-literal';
import { countedMove } from './counted-move';
import type { Database, PreparedStatement } from './database';
import { isBadData } from './pg-errors';
import { jsonObject, storableJson, storableText } from './storable-text';
import { TASK_COLUMNS, taskColumnsWith } from './task-columns';
import type { OutcomeRecord, RecordedOutcome } from './task-row';
import { alreadyRecorded, keepSuperseded } from './superseded';

/** A cancel that was asked for beats everything but success. */
const CANCELLED = `(o.status <> 'success' AND t.cancel_requested_at IS NOT NULL)`;
const AGAIN = `(o.status = 'pending' AND t.cancel_requested_at IS NULL)`;

const ENDED = taskColumnsWith('t', {
  status: `CASE WHEN ${CANCELLED} THEN 'cancelled' ELSE o.status END`,
  result: `CASE WHEN ${AGAIN} THEN NULL ELSE o.result END`,
  error_message: 'o.error_message',
  error_code: `CASE WHEN ${CANCELLED} THEN 'cancelled' ELSE o.error_code END`,
  retry_count: `CASE WHEN ${CANCELLED} THEN t.retry_count ELSE o.retry_count END`,
  crash_count: 'o.crash_count',
  run_at: `CASE WHEN ${AGAIN} THEN now() + coalesce(o.delay_ms, 0) * interval '1 ms' ELSE t.run_at END`,
  worker_id: `CASE WHEN ${AGAIN} THEN NULL ELSE t.worker_id END`,
  started_at: `CASE WHEN ${AGAIN} THEN NULL ELSE t.started_at END`,
  finished_at: `CASE WHEN ${AGAIN} THEN NULL ELSE now() END`,
  updated_at: 'now()',
});

/**
 * Each row is looked up by its id, whatever the planner thinks of the leaf: from an equality it may choose to read the whole
 * leaf in the order of ids; see docs/decisions/0002-table-layout.md.
 */
const THE_ATTEMPT = `t.id BETWEEN o.id AND o.id AND t.attempt = o.attempt`;

/**
 * $1 a JSON array of records. Rows are taken in id order, by id and never by their address: one that was updated in place
 * meanwhile (progress, a cancel request) is taken in its newest state. History leaves out what the task's own row says: a
 * success of the first attempt.
 */
const RECORD = `
  WITH gone AS (
    DELETE FROM tasks_processing t
    USING (
      SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (
        id bigint, attempt integer, outcome text, status text, result jsonb, error_message text, error_code text,
        retry_count integer, crash_count integer, delay_ms bigint
      ) ORDER BY id
    ) AS o
    WHERE ${THE_ATTEMPT}
    RETURNING ${ENDED}, t.worker_id AS held_by, t.started_at AS held_from, o.error_code AS raised,
      CASE WHEN ${CANCELLED} THEN 'cancelled' ELSE o.outcome END AS outcome
  ), ended AS (
    INSERT INTO tasks (${TASK_COLUMNS}) SELECT ${TASK_COLUMNS} FROM gone RETURNING task_id, status, attempt, run_at
  ), history AS (
    INSERT INTO task_attempts (task_id, attempt, outcome, worker_id, started_at, error_code, error_message)
    SELECT task_id, attempt, outcome, held_by, held_from, raised, error_message
    FROM gone WHERE NOT (status = 'success' AND attempt = 1)
    ON CONFLICT DO NOTHING
  )
  SELECT task_id, status, attempt, run_at FROM ended`;

/**
 * The same for first attempts that succeeded, which nearly all do: the fence is one for all, so that the rows are read off the
 * index in one go, in the order of ids; nothing to choose from but the result, one way to route and no history. Server and
 * worker together save 12 µs a task. $1 ids, $2 a JSON object of results by id or null. The array comes through a subquery,
 * so that the planner does not know its length. The answer is one row, of which the driver makes a tenth of what it makes of 500.
 */
const SUCCEED = `
  WITH gone AS (
    DELETE FROM tasks_uncounted t
    WHERE t.status = 'processing' AND t.id = ANY ((SELECT $1::bigint[])::bigint[]) AND t.attempt = 1
    RETURNING ${taskColumnsWith('t', {
      status: `'success'`,
      result: `NULLIF($2::jsonb -> t.id::text, 'null')`,
      error_message: 'NULL::text',
      error_code: 'NULL::text',
      finished_at: 'now()',
      updated_at: 'now()',
    })}
  ), ${countedMove('processing', 'success')}, ended AS (
    INSERT INTO tasks_uncounted (${TASK_COLUMNS}) SELECT * FROM gone
  )
  SELECT json_agg(id) AS ids FROM gone`;

interface SucceededRow {
  readonly ids: readonly number[] | null;
}

interface EndedRow {
  readonly task_id: string;
  readonly status: RecordedOutcome['status'];
  readonly attempt: number;
  readonly run_at: Date;
}

/** See `TaskRepository.recordOutcomes`. */
export async function recordOutcomes(db: Database, records: readonly OutcomeRecord[]): Promise<RecordedOutcome[]> {
  if (records.length === 0) return [];
  const succeeded = records.filter(isFirstSuccess);
  const others = uniqueOf(records.filter((record) => !isFirstSuccess(record)));
  const recorded = [
    ...(await recordApart(succeeded, (records) => succeedTogether(db, records))),
    ...(await recordApart(others, (records) => recordTogether(db, records))),
  ];
  if (recorded.length === records.length) return recorded;

  const won = new Set(recorded.map((outcome) => outcome.taskId));
  const lost = uniqueOf(records).filter((record) => !won.has(record.taskId));
  if (lost.length === 0) return recorded;
  const before = await alreadyRecorded(db, lost);
  await keepSuperseded(
    db,
    lost.filter((record) => !before.taskIds.has(record.taskId)),
  );
  return [...recorded, ...before.outcomes];
}

/** Each attempt once. */
function uniqueOf(records: readonly OutcomeRecord[]): OutcomeRecord[] {
  return [...new Map(records.map((record) => [`${record.id}:${record.attempt}`, record])).values()];
}

type RecordTogether = (records: readonly OutcomeRecord[]) => Promise<RecordedOutcome[]>;

/** One statement; when one row's data cannot be stored the batch is halved until that row stands alone. */
async function recordApart(records: readonly OutcomeRecord[], record: RecordTogether): Promise<RecordedOutcome[]> {
  if (records.length === 0) return [];
  try {
    return await record(records);
  } catch (error) {
    if (!isBadData(error)) throw error;
    const [only] = records;
    if (only && records.length === 1) return record([withoutResult(only, error)]);
    const middle = Math.ceil(records.length / 2);
    const first = await recordApart(records.slice(0, middle), record);
    return [...first, ...(await recordApart(records.slice(middle), record))];
  }
}

/** A success spends neither a retry nor a crash, and beats a requested cancel. */
function isFirstSuccess({ outcome, status, attempt }: OutcomeRecord): boolean {
  return attempt === 1 && outcome === 'succeeded' && status === 'success' && __MUTANT__ !== 'cancel_overwrites_success';
}

async function succeedTogether(db: Database, records: readonly OutcomeRecord[]): Promise<RecordedOutcome[]> {
  const results = records.flatMap(({ id, resultJson }) =>
    resultJson === null ? [] : `"${id}":${storableJson(resultJson)}`,
  );
  const [answer] = await recordRows<SucceededRow>(
    db,
    { name: 'succeed', plans: 'by_key', text: __MUTANT__ === 'no_fence' ? unfenced(SUCCEED) : SUCCEED },
    [arrayLiteral(records, ({ id }) => id), results.length > 0 ? `{${results.join(',')}}` : null],
  );
  const won = new Set(answer?.ids);
  return records.flatMap(({ id, taskId, attempt }) =>
    // Only once, also of a record that is there twice.
    won.delete(id) ? [{ taskId, status: 'success' as const, attempt, runAt: null }] : [],
  );
}

async function recordTogether(db: Database, records: readonly OutcomeRecord[]): Promise<RecordedOutcome[]> {
  const rows = await recordRows<EndedRow>(db, { name: 'record', plans: 'by_key', text: statement() }, [
    `[${records.map(recordOf).join(',')}]`,
  ]);
  return rows.map((row) => ({ taskId: row.task_id, status: row.status, attempt: row.attempt, runAt: row.run_at }));
}

/** In a test build the commit is a step of its own: one statement leaves no moment at which a worker could stand still. */
function recordRows<R extends object>(
  db: Database,
  statement: PreparedStatement,
  parameters: readonly unknown[],
): Promise<R[]> {
  if (!__FAULT_POINTS__) return db.queryPrepared<R>(statement, parameters);
  return db.transaction(async (manager) => {
    const rows = await db.query<R>(statement.text, parameters, manager);
    failpoint('within_record');
    return rows;
  });
}

/** `RECORD`, unless a mutant of the fault suite takes a rule out of it. */
function statement(): string {
  if (__MUTANT__ === 'no_fence') return unfenced(RECORD);
  if (__MUTANT__ === 'cancel_overwrites_success') return RECORD.replaceAll(`o.status <> 'success' AND `, '');
  return RECORD;
}

const unfenced = (sql: string) => sql.replace(/AND t\.attempt = (1|o\.attempt)/, '');

/** How the task ended is worth more than its result. */
function withoutResult(record: OutcomeRecord, cause: unknown): OutcomeRecord {
  const reason = cause instanceof Error ? cause.message : String(cause);
  const result = { millrace: `the result could not be stored: ${reason}` };
  return { ...record, resultJson: record.resultJson === null ? null : JSON.stringify(result) };
}

function recordOf(record: OutcomeRecord): string {
  return jsonObject(
    {
      id: record.id,
      attempt: record.attempt,
      outcome: record.outcome,
      status: record.status,
      error_message:
        record.errorMessage === null ? null : storableText(record.errorMessage.slice(0, ERROR_MESSAGE_LIMIT)),
      error_code: record.errorCode,
      retry_count: record.retryCount,
      crash_count: record.crashCount,
      delay_ms: record.delayMs === null ? null : Math.round(record.delayMs),
    },
    { result: record.resultJson === null ? null : storableJson(record.resultJson) },
  );
}
