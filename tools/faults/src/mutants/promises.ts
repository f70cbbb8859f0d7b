import { setTimeout as sleep } from 'node:timers/promises';
import { countTasks, untilTasks } from '../record';
import type { Scenario } from '../scenario';
import { mixedWork, steadyWork, type Workload } from '../workload';

const DELAY_MS = 10_000;

export const delayedWork: Scenario = {
  row: '19',
  name: 'delayed-work',
  promise: 'Delayed tasks start when they are due by the clocks of the stores, whatever the clock of a worker says.',
  long: { cycles: 1, tasks: 10 },
  async run({ testbed, load, tasks }) {
    await load.submit(tasks, {
      workload: (taskId) => ({
        body: { type: 'effect', task_id: taskId, payload: {}, delay: DELAY_MS },
        expect: 'success',
      }),
    });
    await sleep(DELAY_MS * 0.4);
    const early = await countTasks(testbed, `status <> 'pending' AND created_at > now() - interval '${DELAY_MS} ms'`);
    return { complaints: early > 0 ? [`${early} tasks started before they were due`] : [] };
  },
};

export const cancelledWork: Scenario = {
  row: '23',
  name: 'cancelled-work',
  promise: 'Handlers that were asked to stop return a result all the same: the result counts.',
  long: { cycles: 1, tasks: 10 },
  async run({ testbed, nemesis, load, operators, tasks }) {
    const planned = load.plan(tasks, (taskId) => ({
      body: { type: 'effect', task_id: taskId, payload: { sleep: 3_000, deaf: true } },
      expect: 'success',
    }));
    await Promise.all(planned.map((task) => load.request([task])));
    await untilTasks(testbed, tasks, `status = 'processing'`);
    nemesis.note('every task is to be cancelled');
    await Promise.all(planned.map(({ body }) => operators.ask('cancel', body.task_id)));
    await untilTasks(testbed, tasks, 'cancel_requested_at IS NOT NULL');
    return {};
  },
};

/** Every task has somebody who wants something of it; a success is wanted again in vain. */
const wantedWork: Workload = (taskId, random) => {
  const { body, ...task } = mixedWork(taskId, random);
  const wishes = task.wishes ?? [];
  return { body, ...task, wishes: wishes.length > 0 ? wishes : [{ what: 'retry', afterMs: random.between(0, 1_500) }] };
};

export const operatedWork: Scenario = {
  row: '32',
  name: 'operated-work',
  promise: 'Operators cancel and retry tasks in whatever state these are: what they are answered is what is recorded.',
  long: { cycles: 1, tasks: 200 },
  async run({ load, tasks }) {
    await load.submit(tasks, { overMs: 2_000, workload: wantedWork });
    return {};
  },
};

export const shortGrace: Scenario = {
  row: '30',
  name: 'short-grace',
  promise: 'A worker is told to end and its grace is too short for what runs: the tasks go on elsewhere at no cost.',
  testbed: { env: { SHUTDOWN_TIMEOUT: '1s' } },
  long: { cycles: 1, tasks: 20 },
  async run({ testbed, nemesis, load, tasks }) {
    await load.submit(tasks, { workload: steadyWork(6_000, 6_000) });
    await untilTasks(testbed, tasks, `status = 'processing'`);
    await Promise.all(testbed.running('worker').map((worker) => nemesis.terminate(worker)));
    await testbed.fillUp();
    return {};
  },
};
