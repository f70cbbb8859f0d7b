import type { QueueTask } from '@millrace/contracts';
import type { QueueAccess } from '@millrace/queue';
import type { Store, TaskRow } from '@millrace/store';
import type { Redis } from 'ioredis';
import type { QueuePart, RowView, Stores, View } from './stores';

/** Where a plain client finds what the product keeps. */
export interface RealStoreParts {
  readonly store: Store;
  readonly access: QueueAccess;
  readonly redis: Redis;
  readonly prefix: string;
}

const KEYS: Readonly<Record<QueuePart, string>> = {
  ready: 'tasks',
  delayed: 'delayed_tasks',
  idx: 'idx',
  processing: 'processing',
  leases: 'leases',
};

const ROWS = 'SELECT task_id FROM tasks WHERE queue = $1 ORDER BY id';
const OUTCOMES = `
  SELECT a.task_id, a.attempt || ' ' || a.outcome AS outcome FROM task_attempts a JOIN tasks t ON t.task_id = a.task_id
  WHERE t.queue = $1 AND a.outcome <> 'superseded' ORDER BY a.attempt`;

/** The product's own queue and repository on real servers, for the tasks of one queue. */
export function realStores({ store, access, redis, prefix }: RealStoreParts, queueName: string): Stores {
  const keyOf = (part: QueuePart) => `${prefix}:${queueName}:${KEYS[part]}`;
  const sql = <R>(text: string): Promise<R[]> => store.dataSource.query(text, [queueName]);

  const rows = async (): Promise<TaskRow[]> => {
    const ids = (await sql<{ task_id: string }>(ROWS)).map((row) => row.task_id);
    return (await store.queries.findByTaskIds(ids)).sort((a, b) => a.id - b.id);
  };

  return {
    queue: access.queues.of(queueName),
    record: store.tasks,
    rows,
    elapse: async () => {
      await sql("UPDATE tasks SET run_at = created_at WHERE queue = $1 AND status = 'pending'");
      for (const json of await redis.zrange(keyOf('delayed'), '0', '-1')) await redis.zadd(keyOf('delayed'), 1, json);
      for (const [taskId, waits] of Object.entries(await redis.hgetall(keyOf('idx')))) {
        await redis.hset(keyOf('idx'), taskId, waits.replace(/@.*/, '@1'));
      }
    },
    endLeases: async (workerIds) => {
      for (const [taskId, hold] of Object.entries(await redis.hgetall(keyOf('processing')))) {
        if (workerIds.includes(holderOf(hold).workerId)) await redis.zadd(keyOf('leases'), 'XX', 1, taskId);
      }
    },
    lose: async (parts) => {
      if (parts.length > 0) await redis.del(...parts.map(keyOf));
    },
    copy: async (json) => {
      await redis.lpush(keyOf('ready'), json);
    },
    look: async () => ({ rows: await rowViews(), ...(await queueView()) }),
  };

  async function rowViews(): Promise<RowView[]> {
    const outcomes = await sql<{ task_id: string; outcome: string }>(OUTCOMES);
    return (await rows()).map((row) => {
      const own = outcomes.filter(({ task_id }) => task_id === row.taskId).map(({ outcome }) => outcome);
      // History leaves out what the row says by itself.
      const first = row.status === 'success' && row.attempt === 1 ? ['1 succeeded'] : [];
      const { taskId, status, attempt, retryCount, crashCount } = row;
      return {
        ...{ taskId, status, attempt, workerId: status === 'processing' ? row.workerId : null },
        ...{ retryCount, crashCount, cancel: row.cancelRequestedAt !== null, outcomes: [...first, ...own] },
      };
    });
  }

  async function queueView(): Promise<Omit<View, 'rows'>> {
    const [ready, delayed, idx, processing, leases] = await Promise.all([
      redis.lrange(keyOf('ready'), '0', '-1'),
      redis.zrange(keyOf('delayed'), '0', '-1'),
      redis.hgetall(keyOf('idx')),
      redis.hgetall(keyOf('processing')),
      redis.zrange(keyOf('leases'), '2', '+inf', 'BYSCORE'),
    ]);
    return {
      ready: ready.reverse().map(entryView),
      delayed: delayed.sort().map(entryView),
      idx: Object.fromEntries(Object.entries(idx).map(([taskId, waits]) => [taskId, Number.parseInt(waits, 10)])),
      holds: Object.fromEntries(
        Object.entries(processing).map(([taskId, hold]) => [
          taskId,
          { ...holderOf(hold), lease: leases.includes(taskId) },
        ]),
      ),
    };
  }
}

function holderOf(hold: string): { workerId: string; attempt: number } {
  const [, workerId = '', attempt = ''] = hold.split(' ', 3);
  return { workerId, attempt: Number(attempt) };
}

function entryView(json: string): { taskId: string; attempt: number } {
  const { id, attempt = 0 } = JSON.parse(json) as QueueTask;
  return { taskId: id, attempt };
}
