import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Json } from '@millrace/contracts';
import { invalidRequest } from '@millrace/runtime';
import { IdempotencyRepository, type EntityManager } from '@millrace/store';
import type { FastifyRequest } from 'fastify';

/** Answers are kept this long. */
const TTL_MS = 24 * 3_600_000;

export interface KeptAnswer {
  readonly status: number;
  readonly body: Json;
}

/** Makes a request that carries an `Idempotency-Key` safe to send again: its work is done once, its answer kept for 24 h. */
@Injectable()
export class Idempotency {
  constructor(private readonly repository: IdempotencyRepository) {}

  /**
   * Does `work` in the transaction that keeps its answer, or gives the answer that was kept.
   * Throws a 400 for a bad key, `IdempotencyKeyReused` when the key was used with another request.
   */
  async once(
    request: FastifyRequest,
    key: string,
    work: (manager: EntityManager) => Promise<KeptAnswer>,
  ): Promise<KeptAnswer & { readonly replayed: boolean }> {
    if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
      throw invalidRequest([{ field: 'Idempotency-Key', message: 'must be 1 to 255 visible ASCII characters' }]);
    }
    // A key used on one route and then on another is as much a mistake as one used with two bodies.
    const said = `${request.method} ${request.routeOptions.url ?? ''} ${canonicalJson(request.body)}`;
    const requestHash = createHash('sha256').update(said).digest('hex');
    const scope = request.principal?.name ?? '';
    return this.repository.run({ key, scope, requestHash, ttlMs: TTL_MS }, work);
  }
}

/** JSON text that does not depend on the order of keys; the strict reader has bounded the depth. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  );
}
