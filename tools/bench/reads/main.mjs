// @ts-check
/**
 * How quickly REST answers lists, counts and look-ups on a large table, with nothing else to do and during a drain:
 *
 *   npx nx run-many -t build -p api,worker,scheduler,migrate
 *   node tools/bench/reads/main.mjs [--rows 5000000] [--repeat 200] [--drain]
 *
 * With `--drain` a worker runs one task after the other all the while, from a backlog that is kept filled. The stores are of
 * its own, sync to disk as in production, and are removed afterwards.
 */
import { parseArgs } from 'node:util';
import { Platform } from '../platform/platform.mjs';
import { Backlog } from './backlog.mjs';
import { fill, untilFolded } from './fill.mjs';
import { requests } from './requests.mjs';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '5000000' },
    repeat: { type: 'string', default: '200' },
    drain: { type: 'boolean', default: false },
  },
});
const rows = Number(values.rows);
const repeat = Number(values.repeat);

const platform = await Platform.open({ shared_buffers: '1GB' });
try {
  await fill(platform.client, rows, console.log);
  await platform.start('scheduler');
  const api = await platform.start('api');
  await untilFolded(platform.client);
  await platform.client.query('VACUUM ANALYZE');
  await measure(api.url, 'nothing else to do');
  if (values.drain) await measureDuringDrain(api.url);
} finally {
  await platform.close();
}

/** @param {string} url */
async function measureDuringDrain(url) {
  await platform.start('worker');
  const backlog = new Backlog(url);
  await backlog.begin();
  const startedMs = performance.now();
  const before = await backlog.done();
  await measure(url, 'during a drain');
  const drained = (await backlog.done()) - before;
  await backlog.end();
  console.log(`${Math.round((drained / (performance.now() - startedMs)) * 1_000)} tasks a second were run meanwhile`);
}

/**
 * @param {string} url
 * @param {string} title
 */
async function measure(url, title) {
  const asked = Object.entries(requests(rows)).map(([name, path]) => ({
    name,
    path,
    times: /** @type {number[]} */ ([]),
  }));
  // Connections and caches as of a service that has run for a while.
  for (let round = 0; round < 20; round += 1) for (const { path } of asked) await ask(url, path());
  // In turns, so that whatever else the machine does meanwhile disturbs all alike.
  for (let round = 0; round < repeat; round += 1)
    for (const { path, times } of asked) times.push(await ask(url, path()));
  console.log(`${title.padEnd(42)}   p50 ms   p99 ms   max ms`);
  for (const { name, times } of asked) {
    times.sort((a, b) => a - b);
    const at = (/** @type {number} */ share) => times[Math.ceil(times.length * share) - 1];
    console.log(`${name.padEnd(42)} ${[at(0.5), at(0.99), at(1)].map((ms) => ms?.toFixed(1).padStart(8)).join(' ')}`);
  }
}

/**
 * @param {string} url
 * @param {string} path
 * @returns {Promise<number>} milliseconds until the whole answer was there
 */
async function ask(url, path) {
  const startedMs = performance.now();
  const response = await fetch(`${url}${path}`);
  await response.arrayBuffer();
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return performance.now() - startedMs;
}
