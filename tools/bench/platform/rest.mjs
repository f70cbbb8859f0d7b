// @ts-check

/**
 * Submits tasks in one bulk; answers their task_ids, in order.
 *
 * @param {string} url of the api
 * @param {readonly object[]} tasks
 * @returns {Promise<string[]>}
 */
export async function submitAll(url, tasks) {
  const { items } = await post(url, '/tasks/bulk', { tasks });
  return items.map((/** @type {{ task_id: string }} */ { task_id: taskId }) => taskId);
}

/**
 * Cancels a task that waits.
 *
 * @param {string} url
 * @param {string} taskId
 */
export async function cancel(url, taskId) {
  await post(url, `/tasks/task/${taskId}/cancel`, {});
}

/**
 * How many tasks of a type have each status.
 *
 * @param {string} url
 * @param {string} type
 * @returns {Promise<{ pending: number, processing: number, success: number, failed: number }>}
 */
export async function countsOf(url, type) {
  return answerOf(await fetch(`${url}/api/v1/tasks/stats?type=${type}`));
}

/**
 * @param {string} url
 * @param {string} path
 * @param {object} body
 */
async function post(url, path, body) {
  const headers = { 'content-type': 'application/json' };
  return answerOf(await fetch(`${url}/api/v1${path}`, { method: 'POST', headers, body: JSON.stringify(body) }));
}

/** @param {Response} response */
async function answerOf(response) {
  if (!response.ok) throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  return /** @type {any} */ (await response.json());
}
