import { VERSION } from '@millrace/contracts';
import { answerTo } from '@millrace/runtime';
import { StoreUnavailable } from '@millrace/store';

/** What the runtime needs to know about this service. */
export const SCHEDULER_SERVICE = {
  service: 'scheduler',
  version: VERSION,
  errors: [
    answerTo(StoreUnavailable, () => ({
      status: 503,
      code: 'store-unavailable',
      detail: 'PostgreSQL is unavailable.',
      headers: { 'Retry-After': '1' },
    })),
  ],
};
