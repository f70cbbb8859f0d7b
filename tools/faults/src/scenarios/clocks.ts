import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { faketimeLibrary, withTime } from '../faketime';
import type { Scenario, ScenarioContext } from '../scenario';
import { complaintsAbout, countTicks, TICKING_SCHEDULER } from '../ticks';
import { underLoad } from '../under-load';

const WORKER_OFFSETS = ['+1h', '-1h', '+3d'] as const;
const SCHEDULER_OFFSETS = ['+0s', '+1h', '-1d', '+10y'] as const;
/** Slots that a fast clock has served ahead of time: there are none, because PostgreSQL's clock decides. */
const AHEAD = `SELECT task_id FROM tasks WHERE status = 'pending' AND schedule_id IS NOT NULL AND run_at > now() + interval '30 s'`;

export const clocks: Scenario = {
  row: '19',
  name: 'clocks',
  promise:
    "Workers' and schedulers' clocks are hours, days and years off: leases hold, nothing starts early, every slot has one task.",
  testbed: { workers: 1 },
  long: { cycles: 10, tasks: 2_000 },
  unavailable: () =>
    faketimeLibrary() ? undefined : 'libfaketime is neither installed nor to be had from the distribution',
  async run(context) {
    const { testbed, nemesis } = context;
    const library = faketimeLibrary() ?? '';
    for (const offset of WORKER_OFFSETS) {
      nemesis.note(`a worker whose clock is ${offset} off`);
      await testbed.add('worker', { env: withTime(library, offset) });
    }
    const ticking = await Promise.all(
      SCHEDULER_OFFSETS.map((offset) =>
        testbed.add('scheduler', { bundle: TICKING_SCHEDULER, env: withTime(library, offset) }),
      ),
    );
    await underLoad(context, () => sleep(4_000), { overMs: 4_000 });
    for (const scheduler of ticking) await nemesis.terminate(scheduler);
    const ahead = await cancelAhead(context);
    const ticks = await countTicks(testbed);
    const early = ahead > 0 ? [`${ahead} slots were served ahead of time`] : [];
    return { measures: { ...ticks, servedAhead: ahead }, complaints: [...complaintsAbout(ticks), ...early] };
  },
};

/** Their tasks are due in hours; nobody waits for them here. */
async function cancelAhead({ testbed, operators }: ScenarioContext): Promise<number> {
  const client = new Client({ connectionString: testbed.postgres.url });
  await client.connect();
  const { rows } = await client.query<{ task_id: string }>(AHEAD);
  await client.end();
  for (const { task_id } of rows) await operators.ask('cancel', task_id);
  return rows.length;
}
