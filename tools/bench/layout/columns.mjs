/**
 * The columns of `tasks`, in storage order: eight-byte columns first so that no row pays for
 * alignment gaps. Identifiers compare by bytes (COLLATE "C"), whatever locale the database has.
 */
export const COLUMNS = [
  ['id', `bigint NOT NULL DEFAULT nextval('tasks_id_seq')`],
  ['created_at', 'timestamptz NOT NULL DEFAULT now()'],
  ['updated_at', 'timestamptz NOT NULL DEFAULT now()'],
  ['run_at', 'timestamptz NOT NULL DEFAULT now()'],
  ['started_at', 'timestamptz'],
  ['finished_at', 'timestamptz'],
  ['expires_at', 'timestamptz'],
  ['cancel_requested_at', 'timestamptz'],
  ['slot_at', 'timestamptz'],
  ['schedule_id', 'bigint'],
  ['retry_delay_ms', 'bigint NOT NULL DEFAULT 5000'],
  ['timeout_ms', 'bigint'],
  ['attempt', 'integer NOT NULL DEFAULT 0'],
  ['retry_count', 'integer NOT NULL DEFAULT 0'],
  ['max_retry', 'integer NOT NULL DEFAULT 3'],
  ['crash_count', 'integer NOT NULL DEFAULT 0'],
  ['priority', 'smallint NOT NULL DEFAULT 0'],
  ['status', `text COLLATE "C" NOT NULL DEFAULT 'pending'`],
  ['task_id', 'text COLLATE "C" NOT NULL'],
  ['type', 'text COLLATE "C" NOT NULL'],
  ['queue', 'text COLLATE "C" NOT NULL'],
  ['user_id', 'text COLLATE "C"'],
  ['unique_key', 'text COLLATE "C"'],
  ['worker_id', 'text COLLATE "C"'],
  ['error_code', 'text COLLATE "C"'],
  ['error_message', 'text'],
  ['trace_context', 'text'],
  ['backoff', 'jsonb'],
  ['payload', 'jsonb NOT NULL'],
  ['progress', 'jsonb'],
  ['result', 'jsonb'],
];

/** Column definitions for CREATE TABLE. */
export const COLUMN_DDL = COLUMNS.map(([name, type]) => `${name} ${type}`).join(',\n  ');

/** All column names, comma separated. */
export const COLUMN_NAMES = COLUMNS.map(([name]) => name).join(', ');

/**
 * All columns of row `alias`, with some replaced by other expressions.
 * @param {string} alias
 * @param {Readonly<Record<string, string>>} changed
 */
export function columnsOf(alias, changed) {
  return COLUMNS.map(([name]) => changed[name] ?? `${alias}.${name}`).join(', ');
}

/** What a submit may set, as the record type of its jsonb parameter. */
const SUBMITTED = {
  task_id: 'text',
  type: 'text',
  queue: 'text',
  user_id: 'text',
  payload: 'jsonb',
  priority: 'smallint',
  max_retry: 'integer',
  retry_delay_ms: 'bigint',
  timeout_ms: 'bigint',
  backoff: 'jsonb',
  run_at: 'timestamptz',
  expires_at: 'timestamptz',
  unique_key: 'text',
  schedule_id: 'bigint',
  slot_at: 'timestamptz',
  trace_context: 'text',
};
const DEFAULTED = { priority: '0', max_retry: '3', retry_delay_ms: '5000', run_at: 'now()' };

/**
 * INSERT of a batch of new tasks into `table` from one jsonb array, $1.
 * A taken task_id is left out of the answer instead of failing its neighbours.
 * @param {string} table
 */
export function insertSql(table) {
  const names = Object.keys(SUBMITTED);
  const values = names.map((name) => (name in DEFAULTED ? `coalesce(s.${name}, ${DEFAULTED[name]})` : `s.${name}`));
  const record = names.map((name) => `${name} ${SUBMITTED[name]}`).join(', ');
  return `INSERT INTO ${table} (${names.join(', ')})
SELECT ${values.join(', ')} FROM jsonb_to_recordset($1::jsonb) AS s(${record})
ON CONFLICT (task_id) DO NOTHING RETURNING id, task_id`;
}

/** The record type of an outcome batch, one jsonb array. */
export const OUTCOME_RECORD =
  'id bigint, attempt integer, status text, result jsonb, error_code text, error_message text, retry_count integer, run_at timestamptz';

/**
 * The entries of a start batch, one jsonb array. The planner always expects 100 rows of it, so the join
 * stays a nested loop over the index; of an array it would know the length and may scan the table.
 */
export const ENTRIES = 'jsonb_to_recordset($1::jsonb) AS e(task_id text, attempt integer)';

/** What the start gate answers: what a handler needs and the row's word over the entry's. */
export const GATE_ANSWER =
  'id, task_id, attempt, type, queue, payload, retry_count, max_retry, retry_delay_ms, backoff, timeout_ms, crash_count';
