// @ts-check
const DAY_MS = 86_400_000;

/** @param {number} bound */
const below = (bound) => Math.floor(Math.random() * bound);
/** @param {number} agoMs */
const ago = (agoMs) => new Date(Date.now() - agoMs).toISOString();
const span = () => `created_from=${ago(Math.random() * 20 * DAY_MS)}&created_to=${ago(0)}`;

/**
 * What is asked of the API, by name; most ask something else each time.
 *
 * @param {number} rows
 * @returns {Record<string, () => string>}
 */
export function requests(rows) {
  return {
    // As a measure for the others: a request that the api answers by itself.
    'nothing (health)': () => '/health/live',
    'list: pending': () => '/api/v1/tasks',
    'list: all': () => '/api/v1/tasks?status=all',
    'list: success': () => '/api/v1/tasks?status=success',
    'list: failed': () => '/api/v1/tasks?status=failed',
    'list: cancelled': () => '/api/v1/tasks?status=cancelled',
    'list: processing (none)': () => '/api/v1/tasks?status=processing',
    'list: common type': () => '/api/v1/tasks?status=all&type=type_0',
    'list: rare type, failed': () => '/api/v1/tasks?status=failed&type=type_59',
    'list: any user': () => `/api/v1/tasks?status=all&user_id=user_${below(20_000)}`,
    'list: most common user': () => '/api/v1/tasks?status=all&user_id=user_0',
    'list: status, type and user': () => `/api/v1/tasks?status=failed&type=type_3&user_id=user_${below(20)}`,
    'list: cancelled, rare type, common user': () => '/api/v1/tasks?status=cancelled&type=type_58&user_id=user_0',
    'list: queue': () => '/api/v1/tasks?status=all&queue=low',
    'list: queue, type and status': () => '/api/v1/tasks?status=cancelled&queue=mail&type=type_40',
    'list: page 500 of 20': () => '/api/v1/tasks?status=all&page=500',
    'list: page 50 of 200': () => '/api/v1/tasks?status=success&page=50&page_size=200',
    'list: created in a span': () => `/api/v1/tasks?status=all&${span()}`,
    'list: type in a span': () => `/api/v1/tasks?status=all&type=type_${below(60)}&${span()}`,
    'list: user in a span': () => `/api/v1/tasks?status=all&user_id=user_${below(20)}&${span()}`,
    'list: status, type and queue in a span': () =>
      `/api/v1/tasks?status=failed&type=type_${below(60)}&queue=mail&${span()}`,
    'list: start of some ids': () => `/api/v1/tasks?status=all&q=f-${100 + below(900)}`,
    'list: start of many ids': () => '/api/v1/tasks?status=all&q=f-1',
    stats: () => '/api/v1/tasks/stats',
    'stats: type': () => `/api/v1/tasks/stats?type=type_${below(60)}`,
    'stats: queue': () => '/api/v1/tasks/stats?queue=mail',
    'stats: user': () => `/api/v1/tasks/stats?user_id=user_${below(100)}`,
    'by database id': () => `/api/v1/tasks/${1 + below(rows)}`,
    'by task_id': () => `/api/v1/tasks/task/f-${1 + below(rows)}`,
    attempts: () => `/api/v1/tasks/task/f-${1 + below(rows)}/attempts`,
  };
}
