import { Logger } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics';
import type { Series } from './series-histogram';

/** Measures every request by its route and status, and logs it at debug level. */
export function observeRequests(fastify: FastifyInstance, metrics: Metrics): void {
  const logger = new Logger('Http');
  const durations = metrics.seriesHistogram({
    name: 'millrace_http_request_duration_seconds',
    help: 'How long requests took, by method, route and status.',
  });
  const all = new Map<string, Series>();
  const seriesOf = (method: string, route: string, status: number) => {
    const name = `${status} ${method} ${route}`;
    let series = all.get(name);
    if (!series) all.set(name, (series = durations.series({ method, route, status: String(status) })));
    return series;
  };
  fastify.addHook('onResponse', (request, reply, done) => {
    const { method } = request;
    const route = request.is404 ? 'none' : (request.routeOptions.url ?? 'none');
    const { statusCode: status, elapsedTime: ms } = reply;
    seriesOf(method, route, status).observe(ms / 1_000);
    logger.debug('Request answered', { method, route, status, requestId: request.id, ms: Math.round(ms) });
    done();
  });
}
