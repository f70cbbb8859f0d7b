import { VERSION } from '@millrace/contracts';
import type { ServiceParts } from '@millrace/runtime';
import type { ApiConfig } from './api.config';
import { ERROR_TABLE } from './error-table';
import { serveDocs } from './openapi';
import { RateLimit } from './rate-limit';
import { RequestDeadline } from './request-deadline';

/** What makes the api out of its modules, for the process and for specs alike. */
export const API_SERVICE: Omit<ServiceParts<ApiConfig>, 'Config' | 'config'> = {
  service: 'api',
  version: VERSION,
  errors: ERROR_TABLE,
  configure: (app) => {
    const fastify = app.getHttpAdapter().getInstance();
    app.get(RateLimit).guard(fastify);
    app.get(RequestDeadline).guard(fastify);
    serveDocs(app, VERSION);
  },
};
