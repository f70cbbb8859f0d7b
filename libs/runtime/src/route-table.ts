import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ProblemInit } from './problem';

/** Knows which addresses exist, so that a wrong method is told from a wrong address. */
export class RouteTable {
  private readonly routes: { readonly segments: readonly string[]; readonly methods: Set<string> }[] = [];

  /** Learns every route that is registered from now on. */
  learnFrom(fastify: FastifyInstance): void {
    fastify.addHook('onRoute', ({ url, method }) => {
      const segments = url.split('/');
      const known = this.routes.find((route) => route.segments.join('/') === url);
      const methods = known?.methods ?? new Set<string>();
      for (const name of [method].flat()) methods.add(name);
      if (!known) this.routes.push({ segments, methods });
    });
  }

  /** The answer to a request that no route took: 405 when the address exists, else 404. */
  problemOf(request: FastifyRequest): ProblemInit {
    const path = request.url.split('?', 1)[0]?.split('/') ?? [];
    const methods = new Set(
      this.routes.filter(({ segments }) => matches(segments, path)).flatMap((r) => [...r.methods]),
    );
    if (methods.size === 0) {
      return {
        status: 404,
        code: 'no-such-address',
        detail: 'There is nothing at this address; /openapi.json lists what is.',
      };
    }
    const allow = [...methods].sort().join(', ');
    return {
      status: 405,
      code: 'method-not-allowed',
      detail: `This address answers ${allow}.`,
      headers: { Allow: allow },
    };
  }
}

function matches(segments: readonly string[], path: readonly string[]): boolean {
  if (segments.length !== path.length) return false;
  return segments.every((segment, index) => (segment.startsWith(':') ? path[index] !== '' : segment === path[index]));
}
