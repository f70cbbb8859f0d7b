import { COLUMN_DDL, COLUMN_NAMES, OUTCOME_RECORD, columnsOf, insertSql } from '../columns.mjs';
import { gateInPlace } from './a.mjs';
import { DROP_OLDEST, FINISHED_INDEXES, finishedTables } from './finished.mjs';
import { READS } from './reads.mjs';

/** New values of a row that leaves `processing`. */
export const ENDED = {
  status: 'o.status',
  result: 'o.result',
  error_code: 'o.error_code',
  error_message: 'o.error_message',
  retry_count: 'o.retry_count',
  run_at: 'coalesce(o.run_at, t.run_at)',
  finished_at: `CASE WHEN o.status = 'pending' THEN NULL ELSE now() END`,
  updated_at: 'now()',
  worker_id: 'NULL',
};

/** Rows in `table` an outcome batch still owns, locked in id order. */
export const heldIn = (table, fence) => `held AS MATERIALIZED (
  SELECT o.* FROM jsonb_to_recordset($1::jsonb) AS o(${OUTCOME_RECORD}) JOIN ${table} t ON t.id = o.id
  WHERE t.attempt = o.attempt ${fence}
  ORDER BY t.id FOR UPDATE OF t
)`;

const IN_PLACE = Object.entries(ENDED).filter(([name]) => name !== 'finished_at');

/** Retries stay in the live leaf (UPDATE); final ones move (DELETE, INSERT). */
const outcome = `WITH ${heldIn('tasks_live', `AND t.status = 'processing'`)},
again AS (
  UPDATE tasks_live t SET ${IN_PLACE.map(([name, value]) => `${name} = ${value}`).join(', ')}
  FROM held o WHERE t.id = o.id AND o.status = 'pending' RETURNING t.id
),
gone AS (DELETE FROM tasks_live t USING held o WHERE t.id = o.id AND o.status <> 'pending'
  RETURNING ${columnsOf('t', ENDED)}),
ended AS (INSERT INTO tasks (${COLUMN_NAMES}) SELECT * FROM gone RETURNING id)
SELECT id FROM again UNION ALL SELECT id FROM ended`;

const LIVE_INDEXES = [
  'ALTER TABLE tasks_live ADD PRIMARY KEY (id)',
  'CREATE UNIQUE INDEX ON tasks_live (task_id)',
  'CREATE INDEX ON tasks_live (type, id)',
  'CREATE INDEX ON tasks_live (user_id, id) WHERE user_id IS NOT NULL',
  'CREATE INDEX ON tasks_live (queue, id)',
];

export const c = {
  title: 'C: partitioned by status, one live leaf (no index on status)',
  tables: (from) => [
    `CREATE TABLE tasks (\n  ${COLUMN_DDL}\n) PARTITION BY LIST (status)`,
    `CREATE TABLE tasks_live PARTITION OF tasks FOR VALUES IN ('pending', 'processing') WITH (fillfactor = 70)`,
    ...finishedTables(from),
  ],
  fill: ['INSERT INTO tasks SELECT * FROM seed'],
  indexes: [...LIVE_INDEXES, ...FINISHED_INDEXES],
  insert: insertSql('tasks_live'),
  gate: gateInPlace('tasks_live'),
  outcome,
  reads: READS,
  counted: ['tasks', 'tasks_live'],
  retention: DROP_OLDEST,
};

export const cp = {
  ...c,
  title: 'CP: C with a partial index on processing',
  indexes: [...c.indexes, `CREATE INDEX ON tasks_live (id) WHERE status = 'processing'`],
};
