import { Redis } from 'ioredis';
import { Client } from 'pg';
import { v7 as uuidv7 } from 'uuid';
import type { BenchPayload, Places, Producer } from '../../host/src/system';
import { createTable, insertRows, leftRows, standingOfRows } from './record';
import { HELD, READY } from './worker';

interface Waiting {
  readonly payload: BenchPayload;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Rows, then entries; callers that wait at the same time share both. */
export async function openProducer({ databaseUrl, redisUrl }: Places): Promise<Producer> {
  const db = new Client({ connectionString: databaseUrl });
  await db.connect();
  await createTable(db);
  const redis = new Redis(redisUrl);

  const submitMany = async (payloads: readonly BenchPayload[]) => {
    const ids = payloads.map(() => uuidv7());
    const texts = payloads.map((payload) => JSON.stringify(payload));
    await insertRows(db, ids, texts);
    await redis.lpush(READY, ...texts.map((text, index) => `{"id":"${ids[index]}","payload":${text}}`));
  };

  let waiting: Waiting[] = [];
  let underWay = false;
  const drain = async () => {
    underWay = true;
    while (waiting.length > 0) {
      const batch = waiting;
      waiting = [];
      await submitMany(batch.map(({ payload }) => payload)).then(
        () => batch.forEach(({ resolve }) => resolve()),
        (error: unknown) => batch.forEach(({ reject }) => reject(error)),
      );
    }
    underWay = false;
  };

  return {
    submit: (payload) =>
      new Promise<void>((resolve, reject) => {
        waiting.push({ payload, resolve, reject });
        if (!underWay) {
          underWay = true;
          setImmediate(() => void drain());
        }
      }),
    submitMany,
    submitDelayed: () => Promise.reject(new Error('The sketch has no delays')),
    hold: () => redis.rename(READY, HELD),
    release: () => redis.rename(HELD, READY),
    left: () => leftRows(db),
    standing: async () => {
      const { done, left, wrong } = await standingOfRows(db);
      return { done, left, wrong: wrong > 0 ? [`${wrong} rows lack a time or have another attempt than 1`] : [] };
    },
  };
}
