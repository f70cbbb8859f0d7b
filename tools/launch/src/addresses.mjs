// @ts-check

/** @typedef {import('./state-files.mjs').StackFile} StackFile */

/**
 * Prints where everything is and a line to try.
 *
 * @param {StackFile} stack
 */
export function showPlatform({ databaseUrl, redisUrl, services }) {
  console.log(`
  API         ${services.api}/api/v1     docs: ${services.api}/docs
  Worker      ${services.worker}/stats
  Scheduler   ${services.scheduler}/stats
${storeLines({ databaseUrl, redisUrl })}

  Try it:     curl -X POST ${services.api}/api/v1/tasks -H 'content-type: application/json' -d '{"type":"noop","payload":{}}'
              curl '${services.api}/api/v1/tasks?status=all'
`);
}

/**
 * Prints where the stores are and how to run a service on them.
 *
 * @param {StackFile} stack
 */
export function showStores({ databaseUrl, redisUrl }) {
  console.log(`
${storeLines({ databaseUrl, redisUrl })}

  Run the services on them, each in a terminal of its own:
              npx nx serve api
              npx nx serve worker
              npx nx serve scheduler
`);
}

/** @param {{databaseUrl: string, redisUrl: string}} stores */
function storeLines({ databaseUrl, redisUrl }) {
  return `  PostgreSQL  psql '${databaseUrl}'\n  Redis       redis-cli -u '${redisUrl}'`;
}
