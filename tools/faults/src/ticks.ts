import { join } from 'node:path';
import { Client } from 'pg';
import type { Testbed } from './testbed';

/** The scheduler with a schedule that is due every second. */
export const TICKING_SCHEDULER = join('tools', 'faults', 'scheduler', 'main.js');
const EVERY_S = 1;

/** How the slots of the schedule were served, from the first to the last. */
export interface Ticks {
  readonly expected: number;
  readonly missed: number;
  /** Tasks beyond one a slot. */
  readonly doubled: number;
}

const SERVED = `
  SELECT count(*)::integer AS slots, count(DISTINCT t.task_id)::integer AS tasks,
    coalesce(extract(epoch FROM max(s.slot_at) - min(s.slot_at)), 0)::integer AS seconds
  FROM schedule_slots s JOIN schedules c ON c.id = s.schedule_id
  LEFT JOIN tasks t ON t.schedule_id = s.schedule_id AND t.slot_at = s.slot_at
  WHERE c.name = 'faults-tick' AND s.slot_at BETWEEN (SELECT min(started_at) FROM workers) AND now()`;

/** Counts what the record says about the slots that are past, and not older than the platform. */
export async function countTicks({ postgres }: Testbed): Promise<Ticks> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    const { rows } = await client.query<{ slots: number; tasks: number; seconds: number }>(SERVED);
    const { slots = 0, tasks = 0, seconds = 0 } = rows[0] ?? {};
    const expected = seconds / EVERY_S + 1;
    return { expected, missed: expected - tasks, doubled: slots - tasks };
  } finally {
    await client.end();
  }
}

/** What is wrong with them. */
export function complaintsAbout({ expected, missed, doubled }: Ticks): string[] {
  return [
    ...(missed !== 0 ? [`${missed} of ${expected} slots were missed`] : []),
    ...(doubled !== 0 ? [`${doubled} slots have another number of tasks than one`] : []),
  ];
}
