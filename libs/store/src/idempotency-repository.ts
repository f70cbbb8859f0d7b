import type { Json } from '@millrace/contracts';
import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import { IdempotencyKeyReused } from './store-errors';

/** A request that may be sent again. */
export interface IdempotentRequest {
  readonly key: string;
  /** Whose key: the caller and the operation. */
  readonly scope: string;
  /** Tells whether it is the same request. */
  readonly requestHash: string;
  /** How long the answer is kept, in milliseconds. */
  readonly ttlMs: number;
}

/** `status` is the HTTP status; `body` must be what JSON can hold. */
export interface IdempotentAnswer {
  readonly status: number;
  readonly body: Json;
}

/** Waits for a request that is under way with the same key, as long as `lock_timeout` allows. */
const TAKE = `
  INSERT INTO idempotency_keys AS k (scope, key, request_hash, expires_at)
  VALUES ($1, $2, $3, now() + $4::float8 * interval '1 ms')
  ON CONFLICT (scope, key) DO UPDATE SET request_hash = excluded.request_hash, expires_at = excluded.expires_at,
    created_at = now(), status = NULL, body = NULL
  WHERE k.expires_at <= now()
  RETURNING scope`;

const ANSWER = `UPDATE idempotency_keys SET status = $3, body = $4 WHERE scope = $1 AND key = $2`;

const FIND = `SELECT request_hash, status, body FROM idempotency_keys WHERE scope = $1 AND key = $2`;

interface KeyRow {
  readonly request_hash: string;
  readonly status: number;
  readonly body: Json;
}

/** Answers kept under an Idempotency-Key: the same request gets the same answer and does its work once. */
export class IdempotencyRepository {
  constructor(private readonly db: Database) {}

  /**
   * Does `work` and keeps its answer, in one transaction, or gives the answer that was kept. When `work` throws nothing
   * is kept. Throws `IdempotencyKeyReused` for another request under the key, `StoreUnavailable` when the same key is
   * under way for longer than 2 s.
   */
  async run(
    request: IdempotentRequest,
    work: (manager: EntityManager) => Promise<IdempotentAnswer>,
  ): Promise<IdempotentAnswer & { readonly replayed: boolean }> {
    const { key, scope, requestHash, ttlMs } = request;
    return this.db.transaction(async (manager) => {
      const taken = await this.db.query(TAKE, [scope, key, requestHash, ttlMs], manager);
      if (taken.length > 0) {
        const answer = await work(manager);
        await this.db.query(ANSWER, [scope, key, answer.status, JSON.stringify(answer.body)], manager);
        return { ...answer, replayed: false };
      }
      const [kept] = await this.db.query<KeyRow>(FIND, [scope, key], manager);
      if (!kept || kept.request_hash !== requestHash) throw new IdempotencyKeyReused(key);
      return { status: kept.status, body: kept.body, replayed: true };
    });
  }
}
