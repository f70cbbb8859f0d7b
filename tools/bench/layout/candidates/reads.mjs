/** Reads as REST asks them; they run unchanged on every layout whose `tasks` carries the status. */

const PAGE = 'ORDER BY id DESC LIMIT 20';

/** @type {Readonly<Record<string, string>>} named statement -> SQL */
export const READS = {
  'list all': `SELECT * FROM tasks ${PAGE}`,
  'list pending': `SELECT * FROM tasks WHERE status = 'pending' ${PAGE}`,
  'list processing': `SELECT * FROM tasks WHERE status = 'processing' ${PAGE}`,
  'list failed': `SELECT * FROM tasks WHERE status = 'failed' ${PAGE}`,
  'list success': `SELECT * FROM tasks WHERE status = 'success' ${PAGE}`,
  'list cancelled': `SELECT * FROM tasks WHERE status = 'cancelled' ${PAGE}`,
  'list type (common)': `SELECT * FROM tasks WHERE type = $1 ${PAGE}`,
  'list type (rare)': `SELECT * FROM tasks WHERE type = $1 ${PAGE}`,
  'list user': `SELECT * FROM tasks WHERE user_id = $1 ${PAGE}`,
  'list queue': `SELECT * FROM tasks WHERE queue = $1 ${PAGE}`,
  'list pending of rare type': `SELECT * FROM tasks WHERE status = 'pending' AND type = $1 ${PAGE}`,
  'list failed of rare type': `SELECT * FROM tasks WHERE status = 'failed' AND type = $1 ${PAGE}`,
  'list success of rare type': `SELECT * FROM tasks WHERE status = 'success' AND type = $1 ${PAGE}`,
  'list failed+type+user': `SELECT * FROM tasks WHERE status = 'failed' AND type = $1 AND user_id = $2 ${PAGE}`,
  'list failed, deep (keyset)': `SELECT * FROM tasks WHERE status = 'failed' AND id < $1 ${PAGE}`,
  'list all, deep (keyset)': `SELECT * FROM tasks WHERE id < $1 ${PAGE}`,
  'list all, page 500 (offset)': `SELECT * FROM tasks ORDER BY id DESC LIMIT 20 OFFSET 9980`,
  'by id': `SELECT * FROM tasks WHERE id = $1`,
  'by task_id': `SELECT * FROM tasks WHERE task_id = $1`,
  'stats of a user (counted)': `SELECT status, count(*) FROM tasks WHERE user_id = $1 GROUP BY status`,
  'repair: pending, keyset 1000': `SELECT id, task_id, attempt, queue, run_at FROM tasks
WHERE status = 'pending' AND id > $1 AND run_at < now() ORDER BY id LIMIT 1000`,
  'repair: processing of a worker': `SELECT id, task_id, attempt FROM tasks WHERE status = 'processing' AND worker_id = $1`,
};
