import { COLUMN_DDL, COLUMN_NAMES, ENTRIES, GATE_ANSWER, columnsOf, insertSql } from '../columns.mjs';
import { ENDED, heldIn } from './c.mjs';
import { DROP_OLDEST, FINISHED_INDEXES, finishedTables } from './finished.mjs';
import { READS } from './reads.mjs';

const STARTED = {
  status: `'processing'`,
  attempt: 't.attempt + 1',
  worker_id: '$2::text',
  started_at: 'now()',
  updated_at: 'now()',
};

/** Leaf by leaf, because within a leaf the status need not be read: the counts are index-only. */
const COUNT_USER = ['pending', 'processing', 'success', 'failed', 'cancelled']
  .map((status) => `SELECT '${status}' AS status, count(*) FROM tasks_${status} WHERE user_id = $1`)
  .join(' UNION ALL ');

export const d = {
  title: 'D: partitioned by status, pending and processing apart',
  tables: (from) => [
    `CREATE TABLE tasks (\n  ${COLUMN_DDL}\n) PARTITION BY LIST (status)`,
    `CREATE TABLE tasks_pending PARTITION OF tasks FOR VALUES IN ('pending')`,
    `CREATE TABLE tasks_processing PARTITION OF tasks FOR VALUES IN ('processing')`,
    ...finishedTables(from),
  ],
  fill: ['INSERT INTO tasks SELECT * FROM seed'],
  indexes: [
    'ALTER TABLE tasks_pending ADD PRIMARY KEY (id)',
    'CREATE UNIQUE INDEX ON tasks_pending (task_id)',
    'CREATE INDEX ON tasks_pending (type, id)',
    'CREATE INDEX ON tasks_pending (user_id, id) WHERE user_id IS NOT NULL',
    'CREATE INDEX ON tasks_pending (queue, id)',
    'ALTER TABLE tasks_processing ADD PRIMARY KEY (id)',
    'CREATE UNIQUE INDEX ON tasks_processing (task_id)',
    ...FINISHED_INDEXES,
  ],
  insert: insertSql('tasks_pending'),
  gate: `WITH due AS MATERIALIZED (
  SELECT t.id FROM ${ENTRIES} JOIN tasks_pending t ON t.task_id = e.task_id
  WHERE t.attempt = e.attempt AND t.run_at <= now() + interval '100 ms'
  ORDER BY t.id FOR UPDATE OF t
),
gone AS (DELETE FROM tasks_pending t USING due WHERE t.id = due.id RETURNING ${columnsOf('t', STARTED)})
INSERT INTO tasks_processing (${COLUMN_NAMES}) SELECT * FROM gone RETURNING ${GATE_ANSWER}`,
  outcome: `WITH ${heldIn('tasks_processing', '')},
gone AS (DELETE FROM tasks_processing t USING held o WHERE t.id = o.id RETURNING ${columnsOf('t', ENDED)})
INSERT INTO tasks (${COLUMN_NAMES}) SELECT * FROM gone RETURNING id`,
  reads: { ...READS, 'stats of a user (counted)': COUNT_USER },
  counted: ['tasks', 'tasks_pending', 'tasks_processing'],
  retention: DROP_OLDEST,
};
