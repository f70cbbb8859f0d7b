import { join } from 'node:path';
import { eventually } from '@millrace/testing';
import { Client } from 'pg';
import { AppendLog } from './append-log';
import type { Testbed } from './testbed';

/** The scheduler with schedules that are due every second. */
export const TICKING_SCHEDULER = join('tools', 'faults', 'scheduler', 'main.js');

/** A schedule that is due at every multiple of an interval since 1970. */
export interface WatchedSchedule {
  readonly name: string;
  readonly everyMs: number;
  /** Of one whose slots run an exclusive function. */
  readonly exclusive?: { readonly overlap: 'skip' | 'queue_all'; readonly leaseMs: number };
}

/** Those schedules: by an expression, by one in a time zone, and by an interval. */
const TICKING: readonly WatchedSchedule[] = ['faults-tick', 'faults-zone', 'faults-every'].map((name) => ({
  name,
  everyMs: 1_000,
}));

/** A replica that stands still may hold a schedule for ten seconds; the rest is for a machine that is busy. */
const PATIENCE_MS = 60_000;

const NEXT = `
  SELECT count(*)::integer AS schedules, coalesce(extract(epoch FROM min(next_slot_at))::float8 * 1000, 0) AS first,
    coalesce(extract(epoch FROM max(next_slot_at))::float8 * 1000, 0) AS last,
    extract(epoch FROM now())::float8 * 1000 AS now
  FROM schedules WHERE name = ANY ($1) AND next_slot_at IS NOT NULL`;

const WAITING = `
  SELECT count(*)::integer AS waiting FROM schedule_slots s JOIN schedules c ON c.id = s.schedule_id
  WHERE c.name = ANY ($1) AND s.outcome = 'waiting' AND s.slot_at <= to_timestamp($2::float8 / 1000)`;

interface Progress {
  readonly schedules: number;
  /** The first slot that nothing was decided about, of the schedule that is behind the others. */
  readonly first: number;
  /** The same of the one that is ahead. */
  readonly last: number;
  readonly now: number;
}

/** Notes in which time every slot of some schedules is to be served; the checker judges whether they were. */
export class SlotWatch {
  private constructor(
    private readonly client: Client,
    private readonly log: AppendLog,
    private readonly watched: readonly WatchedSchedule[],
    private readonly fromMs: number,
  ) {}

  /** Begins with the next slot once every schedule is recorded; those that tick every second unless told otherwise. */
  static async begin({ postgres, folder }: Testbed, watched = TICKING): Promise<SlotWatch> {
    const client = new Client({ connectionString: postgres.url });
    await client.connect();
    const { last } = await eventually(async () => {
      const progress = await read(client, watched);
      if (progress.schedules === watched.length) return progress;
      throw new Error(`${progress.schedules} of ${watched.length} watched schedules are recorded`);
    }, PATIENCE_MS);
    return new SlotWatch(client, new AppendLog(join(folder, 'watches.jsonl')), watched, last);
  }

  /** Ends at this moment, by the clock of the database. Answers what is wrong when nobody decides about the slots up to it. */
  async end(): Promise<string[]> {
    const { now: to } = await read(this.client, this.watched);
    for (const { name, everyMs, exclusive } of this.watched) {
      const about = exclusive && { exclusive: { overlap: exclusive.overlap, lease_ms: exclusive.leaseMs } };
      this.log.write({ kind: 'watch', schedule: name, every_ms: everyMs, from: this.fromMs, to, ...about });
    }
    const decided = eventually(async () => {
      const { first } = await read(this.client, this.watched);
      if (first <= to) throw new Error(`a schedule still stands at the slot of ${new Date(first).toISOString()}`);
      const { rows } = await this.client.query<{ waiting: number }>(WAITING, [namesOf(this.watched), to]);
      const waiting = rows[0]?.waiting ?? 0;
      if (waiting > 0) throw new Error(`${waiting} slots still wait for a run before them`);
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

async function read(client: Client, watched: readonly WatchedSchedule[]): Promise<Progress> {
  const { rows } = await client.query<Progress>(NEXT, [namesOf(watched)]);
  return rows[0] ?? { schedules: 0, first: 0, last: 0, now: 0 };
}

const namesOf = (watched: readonly WatchedSchedule[]): string[] => watched.map(({ name }) => name);
