import type { FastifyRequest } from 'fastify';

/** Who the audit log says did it. */
export function actorOf({ principal }: FastifyRequest): string {
  return principal?.name ?? 'anonymous';
}
