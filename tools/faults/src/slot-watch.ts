import { join } from 'node:path';
import { eventually } from '@millrace/testing';
import { Client } from 'pg';
import { AppendLog } from './append-log';
import type { Testbed } from './testbed';

/** The scheduler with schedules that are due every second. */
export const TICKING_SCHEDULER = join('tools', 'faults', 'scheduler', 'main.js');

/** Those schedules: by an expression, by one in a time zone, and by an interval. */
const WATCHED = ['faults-tick', 'faults-zone', 'faults-every'];
const EVERY_MS = 1_000;

/** A replica that stands still may hold a schedule for ten seconds; the rest is for a machine that is busy. */
const PATIENCE_MS = 60_000;

const NEXT = `
  SELECT count(*)::integer AS schedules, coalesce(extract(epoch FROM min(next_slot_at))::float8 * 1000, 0) AS first,
    coalesce(extract(epoch FROM max(next_slot_at))::float8 * 1000, 0) AS last,
    extract(epoch FROM now())::float8 * 1000 AS now
  FROM schedules WHERE name = ANY ($1) AND next_slot_at IS NOT NULL`;

interface Progress {
  readonly schedules: number;
  /** The first slot that nothing was decided about, of the schedule that is behind the others. */
  readonly first: number;
  /** The same of the one that is ahead. */
  readonly last: number;
  readonly now: number;
}

/** Notes in which time every slot of the ticking schedules is to be served; the checker judges whether they were. */
export class SlotWatch {
  private constructor(
    private readonly client: Client,
    private readonly log: AppendLog,
    private readonly fromMs: number,
  ) {}

  /** Begins with the next slot once every schedule is recorded. */
  static async begin({ postgres, folder }: Testbed): Promise<SlotWatch> {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    const { last } = await eventually(async () => {
      const progress = await read(client);
      if (progress.schedules === WATCHED.length) return progress;
      throw new Error(`${progress.schedules} of ${WATCHED.length} ticking schedules are recorded`);
    }, PATIENCE_MS);
    return new SlotWatch(client, new AppendLog(join(folder, 'watches.jsonl')), last);
  }

  /** Ends at this moment, by the clock of the database. Answers what is wrong when nobody decides about the slots up to it. */
  async end(): Promise<string[]> {
    const { now: to } = await read(this.client);
    for (const schedule of WATCHED) {
      this.log.write({ kind: 'watch', schedule, every_ms: EVERY_MS, from: this.fromMs, to });
    }
    const decided = eventually(async () => {
      const { first } = await read(this.client);
      if (first <= to) throw new Error(`a schedule still stands at the slot of ${new Date(first).toISOString()}`);
    }, PATIENCE_MS);
    const complaints = await decided.then(
      () => [],
      (error: unknown) => [String(error)],
    );
    this.log.close();
    await this.client.end();
    return complaints;
  }
}

async function read(client: Client): Promise<Progress> {
  const { rows } = await client.query<Progress>(NEXT, [WATCHED]);
  return rows[0] ?? { schedules: 0, first: 0, last: 0, now: 0 };
}
