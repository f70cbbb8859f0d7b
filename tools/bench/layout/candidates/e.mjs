import { GATE_ANSWER } from '../columns.mjs';
import { c } from './c.mjs';

/** C, with the ids of running tasks beside it: the start stays a HOT update and lists stay indexed. */
export const e = {
  ...c,
  title: 'E: C at fillfactor 50, ids of running tasks in a side table',
  tables: (from) => [
    ...c.tables(from).map((sql) => sql.replace('fillfactor = 70', 'fillfactor = 50')),
    `CREATE TABLE task_running (id bigint PRIMARY KEY, worker_id text COLLATE "C" NOT NULL)`,
  ],
  fill: [...c.fill, `INSERT INTO task_running SELECT id, worker_id FROM seed WHERE status = 'processing'`],
  gate: c.gate.replace('UPDATE tasks_live t SET', ', started AS (UPDATE tasks_live t SET')
    .concat(`), running AS (INSERT INTO task_running SELECT id, $2 FROM started)
SELECT ${GATE_ANSWER} FROM started`),
  outcome: c.outcome.replace(
    'again AS (',
    'stopped AS (DELETE FROM task_running r USING held WHERE r.id = held.id),\nagain AS (',
  ),
  reads: {
    ...c.reads,
    'list processing': `SELECT t.* FROM task_running r JOIN tasks_live t ON t.id = r.id
WHERE t.status = 'processing' ORDER BY r.id DESC LIMIT 20`,
    'repair: processing of a worker': `SELECT t.id, t.task_id, t.attempt
FROM task_running r JOIN tasks_live t ON t.id = r.id WHERE r.worker_id = $1 AND t.status = 'processing'`,
  },
};
