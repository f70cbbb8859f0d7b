import { setTimeout as sleep } from 'node:timers/promises';
import { TASK_STATUSES, type TaskStatus } from '@millrace/contracts';
import type { ApiClient, TaskCounts } from '@millrace/testing';
import type { Client } from 'pg';
import type { Mailbox } from './mailbox';
import type { WebServer } from './web-server';
import type { PlannedTask } from './workload';

/** Two counts that must agree. */
export interface Check {
  readonly what: string;
  readonly expected: string;
  readonly found: string;
}

/** Everything that took part in a run. */
export interface Witnesses {
  readonly api: ApiClient;
  readonly database: Client;
  readonly web: WebServer;
  readonly mailbox: Mailbox;
}

/** Start gates let a task in this much before it is due. */
const EARLY_MS = 100;
const WHOLE_TABLE_TRIES = 10;

/** Holds the plan, the REST API, SQL, the web server and the mailbox against each other. */
export async function checkRun(
  tasks: readonly PlannedTask[],
  userId: string,
  { api, database, web, mailbox }: Witnesses,
): Promise<Check[]> {
  const stats = await api.stats(`?user_id=${userId}`);
  const http = await api.stats(`?user_id=${userId}&type=http_request`);
  const mail = await api.stats(`?user_id=${userId}&type=send_email`);
  const httpStarts = await database.query<{ starts: string }>(
    `SELECT coalesce(sum(attempt), 0) AS starts FROM tasks WHERE user_id = $1 AND type = 'http_request'`,
    [userId],
  );

  return [
    check('/tasks/stats of this run, and the plan', shown(planned(tasks)), shown(stats)),
    check('… and SELECT status, count(*) … GROUP BY 1', shown(stats), shown(await countInSql(database, userId))),
    await checkWholeTable(api, database),
    check('tasks that did not end as planned', 'none', await unplanned(tasks, userId, database)),
    check('HTTP tasks in success, and paths the web server served', String(http.success), String(web.served.size)),
    check(
      'HTTP attempts, and requests the web server counted',
      String(httpStarts.rows[0]?.starts),
      String(web.requests),
    ),
    check('e-mails in success, and addresses with mail', String(mail.success), String(mailbox.received.size)),
    check(
      'requests served and messages delivered twice',
      '0',
      String(repeated(web.served) + repeated(mailbox.received)),
    ),
    check('tasks started before they were due', '0', await startedEarly(userId, database)),
  ];
}

/** Counts that are read one after the other agree once nothing else moves. */
async function checkWholeTable(api: ApiClient, database: Client): Promise<Check> {
  for (let tries = 1; ; tries += 1) {
    const [stats, sql] = [shown(await api.stats()), shown(await countInSql(database))];
    if (stats === sql || tries === WHOLE_TABLE_TRIES) return check('the whole table, over REST and in SQL', stats, sql);
    await sleep(200);
  }
}

async function countInSql(database: Client, userId?: string): Promise<TaskCounts> {
  const { rows } = await database.query<{ status: TaskStatus; count: string }>(
    `SELECT status, count(*) FROM tasks ${userId === undefined ? '' : 'WHERE user_id = $1'} GROUP BY 1`,
    userId === undefined ? [] : [userId],
  );
  return counted(rows.map(({ status, count }) => [status, Number(count)]));
}

async function unplanned(tasks: readonly PlannedTask[], userId: string, database: Client): Promise<string> {
  const { rows } = await database.query<{ task_id: string; status: TaskStatus; error_message: string | null }>(
    'SELECT task_id, status, error_message FROM tasks WHERE user_id = $1',
    [userId],
  );
  const ended = new Map(rows.map((row) => [row.task_id, row]));
  const wrong = tasks.filter(({ taskId, kind }) => ended.get(taskId)?.status !== kind.ends);
  const [first] = wrong;
  if (!first) return 'none';
  const row = ended.get(first.taskId);
  return `${wrong.length}, such as ${first.taskId} (${first.kind.name}): ${row?.status ?? 'no row'} ${row?.error_message ?? ''}`;
}

async function startedEarly(userId: string, database: Client): Promise<string> {
  const { rows } = await database.query<{ count: string }>(
    `SELECT count(*) FROM tasks WHERE user_id = $1 AND started_at < run_at - $2 * interval '1 millisecond'`,
    [userId, EARLY_MS],
  );
  return String(rows[0]?.count);
}

function planned(tasks: readonly PlannedTask[]): TaskCounts {
  return counted(tasks.map(({ kind }) => [kind.ends, 1]));
}

function counted(numbers: readonly (readonly [TaskStatus, number])[]): TaskCounts {
  const counts = { pending: 0, processing: 0, success: 0, failed: 0, cancelled: 0, total: 0 };
  for (const [status, count] of numbers) {
    counts[status] += count;
    counts.total += count;
  }
  return counts;
}

/** How many times something happened beyond once. */
function repeated(times: ReadonlyMap<string, number>): number {
  return [...times.values()].reduce((sum, count) => sum + count - 1, 0);
}

function shown(counts: TaskCounts): string {
  const parts = TASK_STATUSES.filter((status) => counts[status] > 0).map((status) => `${status} ${counts[status]}`);
  return [...parts, `total ${counts.total}`].join(', ');
}

function check(what: string, expected: string, found: string): Check {
  return { what, expected, found };
}
