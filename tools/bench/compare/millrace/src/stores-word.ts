import { createQueues, QueueOptions, type QueueAccess } from '@millrace/queue';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { Places, Standing } from '../../host/src/system';

interface StatusRow {
  readonly status: string;
  readonly count: number;
  readonly started: number;
  readonly finished: number;
  readonly repeated: number;
}

const READY = 'millrace:tasks';
const HELD = 'millrace:held';

/** Reads the two small leaves alone: the look must not cost more the more has ended. */
const LEFT = `SELECT count(*)::integer AS count FROM tasks WHERE status IN ('pending', 'processing')`;

const STANDING = `
  SELECT status, count(*)::integer AS count, count(started_at)::integer AS started, count(finished_at)::integer AS finished,
    (count(*) FILTER (WHERE attempt > 1))::integer AS repeated
  FROM tasks GROUP BY status`;

/** The word of the stores about every task, over connections of its own, which no limit of the product cuts short. */
export class StoresWord {
  private constructor(
    private readonly client: Client,
    private readonly access: QueueAccess,
    private readonly redis: Redis,
  ) {}

  static async open({ databaseUrl, redisUrl }: Places): Promise<StoresWord> {
    const client = new Client({ connectionString: databaseUrl });
    await client.connect();
    return new StoresWord(client, createQueues(new QueueOptions({ redisUrl })), new Redis(redisUrl));
  }

  /** Puts the list of ready tasks aside; workers find an idle queue. */
  async hold(): Promise<void> {
    await this.redis.rename(READY, HELD);
  }

  async release(): Promise<void> {
    await this.redis.rename(HELD, READY);
  }

  /** Tasks that are not final in the record. */
  async left(): Promise<number> {
    const { rows } = await this.client.query<{ count: number }>(LEFT);
    return rows[0]?.count ?? 0;
  }

  /** Tasks that wait in Redis or are held by a worker, recorded or not. */
  async queued(): Promise<number> {
    const { ready, delayed, processing } = await this.access.queues.of('default').depth();
    return ready + delayed + processing;
  }

  /** The record about every task, and what Redis holds against it. */
  async standing(): Promise<Standing> {
    const { rows } = await this.client.query<StatusRow>(STANDING);
    const left = sum(rows.filter(({ status }) => status === 'pending' || status === 'processing'));
    const success = rows.find(({ status }) => status === 'success');
    const queued = await this.queued();
    const wrong = [
      ...rows.flatMap(({ status, count }) =>
        status === 'pending' || status === 'success' ? [] : [`${count} tasks ${status}`],
      ),
      ...(success && success.started < success.count ? ['some started_at are missing'] : []),
      ...(success && success.finished < success.count ? ['some finished_at are missing'] : []),
      ...(success && success.repeated > 0 ? [`${success.repeated} tasks took more than one attempt`] : []),
      ...(queued === left ? [] : [`Redis holds ${queued} tasks, and ${left} have not ended`]),
    ];
    return { left, done: success?.count ?? 0, wrong };
  }
}

function sum(rows: readonly StatusRow[]): number {
  return rows.reduce((total, { count }) => total + count, 0);
}
