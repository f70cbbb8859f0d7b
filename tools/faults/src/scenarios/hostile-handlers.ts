import { setTimeout as sleep } from 'node:timers/promises';
import { EndedTooSoon } from '@millrace/testing';
import type { PlannedTask, Workload } from '../workload';
import { steadyWork } from '../workload';
import type { Scenario, ScenarioContext } from '../scenario';

/** What each of them must end as, when nothing may be tried again. */
const TRICKS: Readonly<Record<string, PlannedTask['expect']>> = {
  throwUndefined: 'failed',
  throwNull: 'failed',
  throwText: 'failed',
  throwCircular: 'failed',
  throwProxy: 'failed',
  throwNul: 'failed',
  neverSettle: 'failed',
  unhandledRejection: 'success',
  returnNul: 'success',
  returnBig: 'success',
  returnCircular: 'any',
  returnBigInt: 'any',
  returnFunction: 'any',
};
const CRASHES = ['exit', 'abort', 'kill', 'throwLate'] as const;
/** Those that leave no doubt who did it: with `throwLate` the attempt may be over, and a success. */
const POISONS = ['exit', 'abort', 'kill'] as const;
/** More than any task may cost. */
const ALWAYS = 99;
/** Tasks that run beside those that always crash. */
const BYSTANDERS = 30;

export const hostileHandlers: Scenario = {
  row: '23',
  name: 'hostile-handlers',
  promise:
    'Handlers throw what is no error, return what is no JSON, never settle, or take the process down, once or always: each ends, after two workers at most, and the others succeed.',
  long: { cycles: 5, tasks: 1_000 },
  async run(context) {
    const { load, cycles, tasks } = context;
    const watching = new AbortController();
    const supervised = supervise(context, watching.signal);
    // What it failed of is thrown where it is waited for, with the scenario's report.
    supervised.catch(() => undefined);
    for (let cycle = 1; cycle <= cycles; cycle += 1) {
      await Promise.all([
        load.submit(Math.ceil(tasks / cycles), { overMs: 3_000, workload: steadyWork(20, 200) }),
        ...Object.keys(TRICKS).map((how) => load.request(load.plan(1, trick(how)))),
        ...CRASHES.map((how) => load.request(load.plan(1, crash(how, 1)))),
      ]);
      await sleep(8_000);
    }
    await Promise.all([
      load.submit(BYSTANDERS, { overMs: 1_000, workload: steadyWork(1_000, 3_000) }),
      ...POISONS.map((how) => load.request(load.plan(1, crash(how, ALWAYS)))),
    ]);
    await untilQuiet(context);
    watching.abort();
    await supervised;
    return {};
  },
};

function trick(how: string): Workload {
  return (taskId) => ({
    body: { type: 'hostile', task_id: taskId, payload: { how }, max_retry: 0, timeout: 1_000 },
    expect: TRICKS[how] ?? 'any',
  });
}

function crash(how: (typeof CRASHES)[number], times: number): Workload {
  return (taskId) => ({
    body: { type: 'crash', task_id: taskId, payload: { how, times }, max_retry: 0 },
    expect: times === ALWAYS ? 'failed' : 'any',
  });
}

/** Replaces workers as an orchestrator does. */
async function supervise({ testbed }: ScenarioContext, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    try {
      await testbed.fillUp();
    } catch (error) {
      // A new worker takes at once the task that kills it, often before anybody saw it ready.
      if (!(error instanceof EndedTooSoon)) throw error;
    }
    await sleep(250);
  }
}

/** The tasks that always crash need several workers and leases until they are alone. */
async function untilQuiet({ testbed }: ScenarioContext): Promise<void> {
  const giveUpAtMs = performance.now() + 120_000;
  while (performance.now() < giveUpAtMs) {
    const answer = await fetch(`${testbed.apiUrls[0]}/api/v1/tasks/stats`);
    const { pending, processing } = (await answer.json()) as { pending: number; processing: number };
    if (pending + processing === 0) return;
    await sleep(500);
  }
}
