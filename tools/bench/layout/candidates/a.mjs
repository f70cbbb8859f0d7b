import { COLUMN_DDL, ENTRIES, GATE_ANSWER, OUTCOME_RECORD, insertSql } from '../columns.mjs';
import { READS } from './reads.mjs';

/** Gate by UPDATE in place: rows are locked in id order, then changed. */
export const gateInPlace = (table) => `WITH due AS MATERIALIZED (
  SELECT t.id FROM ${ENTRIES} JOIN ${table} t ON t.task_id = e.task_id
  WHERE t.attempt = e.attempt AND t.status = 'pending' AND t.run_at <= now() + interval '100 ms'
  ORDER BY t.id FOR UPDATE OF t
)
UPDATE ${table} t SET status = 'processing', attempt = t.attempt + 1, worker_id = $2, started_at = now(), updated_at = now()
FROM due WHERE t.id = due.id RETURNING ${GATE_ANSWER.replace('id,', 't.id,')}`;

/** Outcome by UPDATE in place, fenced by attempt and status. */
export const outcomeInPlace = (table) => `WITH held AS MATERIALIZED (
  SELECT o.* FROM jsonb_to_recordset($1::jsonb) AS o(${OUTCOME_RECORD}) JOIN ${table} t ON t.id = o.id
  WHERE t.attempt = o.attempt AND t.status = 'processing'
  ORDER BY t.id FOR UPDATE OF t
)
UPDATE ${table} t SET status = held.status, result = held.result, error_code = held.error_code,
  error_message = held.error_message, retry_count = held.retry_count, run_at = coalesce(held.run_at, t.run_at),
  finished_at = CASE WHEN held.status = 'pending' THEN NULL ELSE now() END, updated_at = now(), worker_id = NULL
FROM held WHERE t.id = held.id RETURNING t.id`;

export const a = {
  title: 'A: one table, indexed by status',
  tables: [`CREATE TABLE tasks (\n  ${COLUMN_DDL}\n)`],
  fill: [`INSERT INTO tasks SELECT * FROM seed`],
  indexes: [
    'ALTER TABLE tasks ADD PRIMARY KEY (id)',
    'CREATE UNIQUE INDEX ON tasks (task_id)',
    'CREATE INDEX ON tasks (status, id)',
    'CREATE INDEX ON tasks (type, id)',
    'CREATE INDEX ON tasks (user_id, id) WHERE user_id IS NOT NULL',
    'CREATE INDEX ON tasks (queue, id)',
  ],
  insert: insertSql('tasks'),
  gate: gateInPlace('tasks'),
  outcome: outcomeInPlace('tasks'),
  reads: READS,
  counted: ['tasks'],
  retention: [`DELETE FROM tasks WHERE status IN ('success', 'failed', 'cancelled') AND finished_at < $1`],
};
