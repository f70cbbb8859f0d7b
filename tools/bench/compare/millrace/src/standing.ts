import type { TaskQueue } from '@millrace/queue';
import type { Store } from '@millrace/store';
import type { Standing } from '../../host/src/system';

type DataSource = Store['dataSource'];

interface StatusRow {
  readonly status: string;
  readonly count: number;
  readonly started: number;
  readonly finished: number;
  readonly repeated: number;
}

/** Names the two small leaves alone: the look must not cost more the more has ended. */
const LEFT = `SELECT count(*)::integer AS count FROM tasks WHERE status IN ('pending', 'processing')`;

const STANDING = `
  SELECT status, count(*)::integer AS count, count(started_at)::integer AS started, count(finished_at)::integer AS finished,
    (count(*) FILTER (WHERE attempt > 1))::integer AS repeated
  FROM tasks GROUP BY status`;

/** Tasks that are not final in the record. */
export async function leftOf(dataSource: DataSource): Promise<number> {
  const [row] = await dataSource.query<{ count: number }[]>(LEFT);
  return row?.count ?? 0;
}

/** The record's word about every task, and what Redis holds against it. */
export async function standingOf(dataSource: DataSource, queue: TaskQueue): Promise<Standing> {
  const rows = await dataSource.query<StatusRow[]>(STANDING);
  const left = sum(rows.filter(({ status }) => status === 'pending' || status === 'processing'));
  const success = rows.find(({ status }) => status === 'success');
  const wrong = rows.flatMap(({ status, count }) =>
    status === 'pending' || status === 'success' ? [] : [`${count} tasks ${status}`],
  );
  if (success && success.started < success.count) wrong.push('some started_at are missing');
  if (success && success.finished < success.count) wrong.push('some finished_at are missing');
  if (success && success.repeated > 0) wrong.push(`${success.repeated} tasks took more than one attempt`);
  const { ready, delayed, processing } = await queue.depth();
  const held = ready + delayed + processing;
  if (held !== left) wrong.push(`Redis holds ${held} tasks, and ${left} have not ended`);
  return { left, done: success?.count ?? 0, wrong };
}

function sum(rows: readonly StatusRow[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}
