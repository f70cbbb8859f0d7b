import { Client, type Notification } from 'pg';
import type { EntityManager } from 'typeorm';
import type { Database } from './database';
import { translated } from './pg-errors';
import { SCHEDULES_CHANNEL } from './schedule-notices';
import { StoreUnavailable } from './store-errors';
import type { StoreOptions } from './store-options';

/** Also named in `millrace_submit`. */
const CHANNEL = 'millrace_submitted';

/** A notice holds less than 8,000 bytes, and an id with its comma at most twenty. */
const IDS_PER_NOTICE = 350;
const IDS = /^\d{1,15}(?:,\d{1,15})*$/;

/** A silent connection may be dead: so often, at most, the server is asked. */
const CHECK_EVERY_MS = 5_000;

const CONNECT_MS = 3_000;
const ANSWER_MS = 3_000;

const ANNOUNCE = `SELECT pg_notify('${CHANNEL}', ids) FROM unnest($1::text[]) AS notices (ids)`;

/** See `TaskRepository.announce`. */
export async function announce(db: Database, ids: readonly number[], manager: EntityManager): Promise<void> {
  const notices: string[] = [];
  for (let from = 0; from < ids.length; from += IDS_PER_NOTICE) {
    notices.push(ids.slice(from, from + IDS_PER_NOTICE).join(','));
  }
  if (notices.length > 0) await db.query(ANNOUNCE, [notices], manager);
}

/**
 * Hears of tasks whose submitters' own transactions have committed, and of changed schedules, through one connection of its own.
 *
 * - A notice is a hint: what is said while nobody listens is lost, and the repair finds those tasks.
 * - Whoever uses it calls `listen` again and again; that is what brings a broken connection back.
 */
export class SubmitNotices {
  private client: Client | null = null;
  private heardAtMs = 0;
  private onSchedule: () => void = () => undefined;

  constructor(private readonly options: StoreOptions) {}

  /**
   * Makes sure that the connection listens: opens it, or asks the server when it was silent for 5 s. `onSubmitted` gets
   * the database ids of committed tasks. Throws `StoreUnavailable` after 3 s without an answer.
   */
  async listen(onSubmitted: (ids: readonly number[]) => void): Promise<void> {
    try {
      if (this.client) await this.check(this.client);
      else await this.open(onSubmitted);
    } catch (error) {
      this.drop();
      const cause = translated(error);
      throw cause instanceof StoreUnavailable ? cause : new StoreUnavailable(cause);
    }
  }

  /** `changed` is called when a schedule was made, changed or resumed, as long as somebody calls `listen`. */
  onScheduleChange(changed: () => void): void {
    this.onSchedule = changed;
  }

  /** Nest's last shutdown hook; also for whoever opened it without Nest. */
  async onApplicationShutdown(): Promise<void> {
    const client = this.client;
    this.client = null;
    await client?.end().catch(() => undefined);
  }

  private async open(onSubmitted: (ids: readonly number[]) => void): Promise<void> {
    const client = new Client({
      connectionString: this.options.databaseUrl,
      application_name: `${this.options.applicationName}-notices`,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
    });
    this.client = client;
    const gone = () => this.client === client && this.drop();
    client.on('error', gone);
    client.on('end', gone);
    client.on('notification', (notice) => this.hear(notice, onSubmitted));
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}; LISTEN ${SCHEDULES_CHANNEL}`);
    this.heardAtMs = performance.now();
  }

  private async check(client: Client): Promise<void> {
    if (performance.now() - this.heardAtMs < CHECK_EVERY_MS) return;
    await client.query('SELECT 1');
    this.heardAtMs = performance.now();
  }

  /** Anybody with access to the database may notify; what is no list of ids is ignored. */
  private hear({ channel, payload = '' }: Notification, onSubmitted: (ids: readonly number[]) => void): void {
    this.heardAtMs = performance.now();
    if (channel === SCHEDULES_CHANNEL) return this.onSchedule();
    if (IDS.test(payload)) onSubmitted(payload.split(',').map(Number));
  }

  /** Its answers are awaited no longer, so ending it must not be waited for either. */
  private drop(): void {
    const client = this.client;
    this.client = null;
    client?.end().catch(() => undefined);
  }
}
