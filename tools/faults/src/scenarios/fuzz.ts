import type { Random } from '../random';
import type { Scenario, ScenarioContext } from '../scenario';

const LANES = 4;
const SLOW_MS = 2_000;

/** Those of the values below that name a queue: what waits there is worked off, too. */
const QUEUES = 'text,1h';

export const fuzz: Scenario = {
  row: '25',
  name: 'fuzz',
  promise: 'Requests that nobody should send: each is answered 4xx, or taken whole; never 5xx, never slowly.',
  testbed: { workers: 1 },
  // Requests are counted as tasks.
  long: { cycles: 1, tasks: 20_000 },
  async run(context) {
    const { testbed, tasks } = context;
    await testbed.add('worker', { env: { QUEUE_QUEUES: QUEUES } });
    const pids = testbed.running('api').map(({ process }) => process.pid);
    const complaints: string[] = [];
    const seen: Record<string, number> = {};
    let sent = 0;
    const lane = async () => {
      while (sent < tasks) {
        sent += 1;
        const { status, ms, what } = await strange(context);
        const group = `status${Math.floor(status / 100)}xx`;
        seen[group] = (seen[group] ?? 0) + 1;
        if (status >= 500 || ms > SLOW_MS) complaints.push(`${what} was answered ${status} in ${ms} ms`);
      }
    };
    await Promise.all(Array.from({ length: LANES }, lane));
    const alive = testbed.running('api').filter(({ process }) => pids.includes(process.pid)).length;
    if (alive < pids.length) complaints.push(`${pids.length - alive} apis ended`);
    return { measures: seen, complaints: complaints.slice(0, 20) };
  },
};

interface StrangeAnswer {
  readonly status: number;
  readonly ms: number;
  readonly what: string;
}

async function strange({ testbed, random, load, operators }: ScenarioContext): Promise<StrangeAnswer> {
  const method = random.pick(['POST', 'POST', 'POST', 'POST', 'GET', 'PUT', 'DELETE', 'PATCH']);
  const path = random.pick(method === 'POST' ? POSTS : GETS)(random);
  const text = method === 'GET' ? undefined : body(random);
  const url = random.pick(testbed.apiUrls);
  const startedAtMs = performance.now();
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: {
      'content-type': random.pick(['application/json', 'application/json', 'application/json', 'text/plain', 'x/y']),
      ...(random.next() < 0.2 ? { 'idempotency-key': random.pick(['k', 'x'.repeat(300), '"', 'a b']) } : {}),
    },
    ...(text === undefined ? {} : { body: text }),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  const ms = Math.round(performance.now() - startedAtMs);
  if (response.status === 201) await settle(answer, load, operators);
  return { status: response.status, ms, what: `${method} ${path} ${text?.toString().slice(0, 200) ?? ''}` };
}

/** What was taken has a promise; whether a handler serves it is another matter. */
async function settle(
  answer: unknown,
  load: ScenarioContext['load'],
  operators: ScenarioContext['operators'],
): Promise<void> {
  const { task_id, items } = answer as { task_id?: string; items?: { task_id: string }[] };
  const ids = task_id === undefined ? (items ?? []).map((item) => item.task_id) : [task_id];
  load.adopt(ids, 'any');
  for (const id of ids) await operators.ask('cancel', id);
}

type Make = (random: Random) => string;

const POSTS: readonly Make[] = [
  () => '/tasks',
  () => '/tasks',
  () => '/tasks/bulk',
  () => `/tasks/task/${encodeURIComponent('\u0000')}/cancel`,
  () => '/tasks/task/nobody/retry',
  () => '/tasks/retry',
  () => '/tasks?x=1',
  () => '/nowhere',
];

const GETS: readonly Make[] = [
  (random) => `/tasks?page=${random.pick(['0', '-1', '1e9', 'x', '', '99999999999999999999'])}`,
  (random) => `/tasks?cursor=${encodeURIComponent(random.pick(['', 'x', '\u0000', 'eyJ9', '🦊'.repeat(50)]))}`,
  (random) =>
    `/tasks?q=${encodeURIComponent(random.pick(['%', '\\', "'; DROP TABLE tasks; --", '\u0000', '\ud83d\ude00']))}`,
  (random) =>
    `/tasks?status=${random.pick(['all', 'nothing', 'pending,pending', ''])}&sort=${random.pick(['-id', 'x'])}`,
  (random) => `/tasks?created_from=${random.pick(['2769-01-01T00:00:00Z', 'yesterday', '0000-00-00', '-1'])}`,
  (random) => `/tasks/${random.pick(['0', '-1', '9'.repeat(30), 'x', '1e3', '%2e%2e%2fhealth'])}`,
  (random) => `/tasks/task/${encodeURIComponent(random.pick(['x'.repeat(500), '../..', '\u0000', ' ', '💥']))}`,
  () => '/tasks/stats?user_id=' + 'x'.repeat(5_000),
];

const VALUES: readonly Make[] = [
  () => 'null',
  () => 'true',
  () => '-1',
  () => '0',
  () => '3',
  () => '1e400',
  () => '9007199254740993',
  () => '"\\u0000"',
  () => '"\\ud800"',
  () => '"text"',
  () => '"1h"',
  () => '[]',
  () => '{}',
  () => '{"__proto__":{"x":1}}',
  () => '{"a":1,"a":2}',
  (random) => `${'['.repeat(random.between(1, 2_000))}`,
  (random) => `${'{"a":'.repeat(40)}${random.between(0, 9)}${'}'.repeat(40)}`,
  (random) => JSON.stringify('x'.repeat(random.between(1, 400_000))),
  () => JSON.stringify('\u202eRTL 🦊 \u0007'),
];

const FIELDS = [
  ...['type', 'payload', 'queue', 'priority', 'delay', 'run_at', 'expires_at', 'max_retry', 'retry_delay', 'backoff'],
  ...['timeout', 'user_id', 'task_id', 'unique', 'status', 'attempt', 'constructor', '__proto__', 'tasks', 'x'],
] as const;

function body(random: Random): string | Buffer {
  if (random.next() < 0.05) return Buffer.from(Array.from({ length: 50 }, () => random.between(0, 255)));
  if (random.next() < 0.05) return random.pick(VALUES)(random);
  const fields = Array.from(
    { length: random.between(0, 4) },
    () => `${JSON.stringify(random.pick(FIELDS))}:${random.pick(VALUES)(random)}`,
  );
  const text = `{${['"type":"effect"', '"payload":{}', ...fields].join(',')}}`;
  if (random.next() < 0.2) return `{"tasks":[${text},${text}]}`;
  return random.next() < 0.05 ? text.slice(0, random.between(0, text.length)) : text;
}
