// @ts-check
const DAY_MS = 86_400_000;

/** @param {number} bound */
const below = (bound) => Math.floor(Math.random() * bound);
/** @param {number} agoMs */
const ago = (agoMs) => new Date(Date.now() - agoMs).toISOString();

/**
 * What is asked of the API, by name; most ask something else each time.
 *
 * @param {number} rows
 * @returns {Record<string, () => string>}
 */
export function requests(rows) {
  return {
    'list: pending': () => '/tasks',
    'list: all': () => '/tasks?status=all',
    'list: success': () => '/tasks?status=success',
    'list: failed': () => '/tasks?status=failed',
    'list: cancelled': () => '/tasks?status=cancelled',
    'list: processing (none)': () => '/tasks?status=processing',
    'list: common type': () => '/tasks?status=all&type=type_0',
    'list: rare type, failed': () => '/tasks?status=failed&type=type_59',
    'list: any user': () => `/tasks?status=all&user_id=user_${below(20_000)}`,
    'list: most common user': () => '/tasks?status=all&user_id=user_0',
    'list: status, type and user': () => `/tasks?status=failed&type=type_3&user_id=user_${below(20)}`,
    'list: cancelled, rare type, common user': () => '/tasks?status=cancelled&type=type_58&user_id=user_0',
    'list: queue': () => '/tasks?status=all&queue=low',
    'list: queue, type and status': () => '/tasks?status=cancelled&queue=mail&type=type_40',
    'list: page 500 of 20': () => '/tasks?status=all&page=500',
    'list: page 50 of 200': () => '/tasks?status=success&page=50&page_size=200',
    'list: created in a span': () =>
      `/tasks?status=all&created_from=${ago(Math.random() * 20 * DAY_MS)}&created_to=${ago(0)}`,
    stats: () => '/tasks/stats',
    'stats: type': () => `/tasks/stats?type=type_${below(60)}`,
    'stats: queue': () => '/tasks/stats?queue=mail',
    'stats: user': () => `/tasks/stats?user_id=user_${below(100)}`,
    'by database id': () => `/tasks/${1 + below(rows)}`,
    'by task_id': () => `/tasks/task/f-${1 + below(rows)}`,
    attempts: () => `/tasks/task/f-${1 + below(rows)}/attempts`,
  };
}
