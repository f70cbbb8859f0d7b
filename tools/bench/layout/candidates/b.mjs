import { COLUMN_DDL, GATE_ANSWER, insertSql } from '../columns.mjs';
import { gateInPlace, outcomeInPlace } from './a.mjs';
import { READS } from './reads.mjs';

const PAGE = 'ORDER BY s.id DESC LIMIT 20';
const SIDES = ['pending', 'processing', 'failed', 'cancelled'];
const ofStatus = (status, where = '') =>
  `SELECT t.* FROM tasks_${status} s JOIN tasks t ON t.id = s.id ${where} ${PAGE}`;

export const b = {
  title: 'B: one lean table, status in no index, side tables of ids',
  tables: [
    `CREATE TABLE tasks (\n  ${COLUMN_DDL}\n) WITH (fillfactor = 70)`,
    ...SIDES.map((status) => `CREATE TABLE tasks_${status} (id bigint NOT NULL)`),
  ],
  fill: [
    `INSERT INTO tasks SELECT * FROM seed`,
    ...SIDES.map((status) => `INSERT INTO tasks_${status} SELECT id FROM seed WHERE status = '${status}'`),
  ],
  indexes: [
    'ALTER TABLE tasks ADD PRIMARY KEY (id)',
    ...SIDES.map((status) => `ALTER TABLE tasks_${status} ADD PRIMARY KEY (id)`),
    'CREATE UNIQUE INDEX ON tasks (task_id)',
    'CREATE INDEX ON tasks (type, id)',
    'CREATE INDEX ON tasks (user_id, id) WHERE user_id IS NOT NULL',
    'CREATE INDEX ON tasks (queue, id)',
  ],
  insert: `WITH added AS (${insertSql('tasks')}), waiting AS (INSERT INTO tasks_pending SELECT id FROM added)
SELECT id, task_id FROM added`,
  gate: gateInPlace('tasks').replace('UPDATE tasks t SET', ', started AS (UPDATE tasks t SET')
    .concat(`), left_pending AS (DELETE FROM tasks_pending p USING started WHERE p.id = started.id),
running AS (INSERT INTO tasks_processing SELECT id FROM started)
SELECT ${GATE_ANSWER} FROM started`),
  outcome: outcomeInPlace('tasks').replace('UPDATE tasks t SET', ', ended AS (UPDATE tasks t SET')
    .concat(`, t.status), left_processing AS (DELETE FROM tasks_processing p USING ended WHERE p.id = ended.id),
again AS (INSERT INTO tasks_pending SELECT id FROM ended WHERE status = 'pending'),
failed AS (INSERT INTO tasks_failed SELECT id FROM ended WHERE status = 'failed')
SELECT id FROM ended`),
  reads: {
    ...READS,
    ...Object.fromEntries(SIDES.map((status) => [`list ${status}`, ofStatus(status)])),
    'list pending of rare type': ofStatus('pending', 'WHERE t.type = $1'),
    'list failed of rare type': ofStatus('failed', 'WHERE t.type = $1'),
    'list failed+type+user': ofStatus('failed', 'WHERE t.type = $1 AND t.user_id = $2'),
    'list failed, deep (keyset)': ofStatus('failed', 'WHERE s.id < $1'),
    'repair: pending, keyset 1000': `SELECT t.id, t.task_id, t.attempt, t.queue, t.run_at
FROM tasks_pending s JOIN tasks t ON t.id = s.id WHERE s.id > $1 AND t.run_at < now() ORDER BY s.id LIMIT 1000`,
    'repair: processing of a worker': `SELECT t.id, t.task_id, t.attempt
FROM tasks_processing s JOIN tasks t ON t.id = s.id WHERE t.worker_id = $1`,
  },
  counted: ['tasks'],
  retention: [
    `DELETE FROM tasks WHERE status IN ('success', 'failed', 'cancelled') AND finished_at < $1`,
    `DELETE FROM tasks_failed f WHERE NOT EXISTS (SELECT FROM tasks t WHERE t.id = f.id)`,
    `DELETE FROM tasks_cancelled f WHERE NOT EXISTS (SELECT FROM tasks t WHERE t.id = f.id)`,
  ],
};
