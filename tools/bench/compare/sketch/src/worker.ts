import { Redis } from 'ioredis';
import { Client } from 'pg';
import type { BenchPayload, Handle, Places, WorkerSettings } from '../../host/src/system';
import { finishRows, startRows } from './record';

export const READY = 'sketch:ready';
/** Where a list is put aside. */
export const HELD = 'sketch:held';
const CLAIMS = 'sketch:claims';
const LEASES = 'sketch:leases';
const LEASE_MS = 30_000;
const WAIT_SECONDS = 1;
/** Claims that are on their way to their start at once. */
const LANES = 2;

/** One lease for all that a claim takes. */
const CLAIM = `
  local taken = redis.call('RPOP', KEYS[1], ARGV[1])
  if not taken then return {} end
  redis.call('HSET', KEYS[2], ARGV[2], cmsgpack.pack(taken))
  redis.call('ZADD', KEYS[3], ARGV[3], ARGV[2])
  return taken`;

interface Entry {
  readonly id: string;
  readonly payload: BenchPayload;
}

interface ClaimOfMany {
  readonly token: string;
  left: number;
}

/** Claims as much as there are slots, starts and finishes many rows a statement. Nothing is renewed, rescued or tried again. */
export class SketchWorker {
  private readonly redis: Redis;
  private readonly waiting: Redis;
  private readonly finishing: Client;
  private free: number;
  private tokens = 0;
  private ended: { readonly id: string; readonly claim: ClaimOfMany }[] = [];
  private isFinishing = false;
  private wake: () => void = () => undefined;

  private constructor(
    private readonly places: Places,
    slots: number,
    private readonly handle: Handle,
  ) {
    this.redis = new Redis(places.redisUrl);
    this.waiting = new Redis(places.redisUrl);
    this.finishing = new Client({ connectionString: places.databaseUrl });
    this.free = slots;
  }

  static async open(places: Places, { slots }: WorkerSettings, handle: Handle): Promise<void> {
    const worker = new SketchWorker(places, slots, handle);
    await worker.finishing.connect();
    for (let lane = 0; lane < LANES; lane += 1) void worker.run(Math.ceil(slots / LANES));
  }

  private async run(most: number): Promise<void> {
    const db = new Client({ connectionString: this.places.databaseUrl });
    await db.connect();
    for (;;) {
      while (this.free === 0) await new Promise<void>((resolve) => this.onFree(resolve));
      const limit = Math.min(this.free, most);
      this.free -= limit;
      const token = String(this.tokens++);
      const expiry = Date.now() + LEASE_MS;
      const texts = (await this.redis.eval(CLAIM, 3, READY, CLAIMS, LEASES, limit, token, expiry)) as string[];
      this.free += limit - texts.length;
      if (texts.length === 0) {
        await this.waiting.blmove(READY, READY, 'RIGHT', 'RIGHT', WAIT_SECONDS);
        continue;
      }
      const claim = { token, left: texts.length };
      const entries = texts.map((text) => JSON.parse(text) as Entry);
      await startRows(
        db,
        entries.map(({ id }) => id),
      );
      for (const { id, payload } of entries) {
        const handled = this.handle(payload);
        if (handled) void handled.then(() => this.end(id, claim));
        else this.end(id, claim);
      }
    }
  }

  private onFree(resolve: () => void): void {
    const { wake } = this;
    this.wake = () => {
      wake();
      resolve();
    };
  }

  private end(id: string, claim: ClaimOfMany): void {
    this.ended.push({ id, claim });
    if (this.isFinishing) return;
    this.isFinishing = true;
    setImmediate(() => void this.finish());
  }

  private async finish(): Promise<void> {
    while (this.ended.length > 0) {
      const batch = this.ended;
      this.ended = [];
      await finishRows(
        this.finishing,
        batch.map(({ id }) => id),
      );
      const done = batch.filter(({ claim }) => --claim.left === 0).map(({ claim }) => claim.token);
      if (done.length > 0) {
        await this.redis
          .multi()
          .hdel(CLAIMS, ...done)
          .zrem(LEASES, ...done)
          .exec();
      }
      this.free += batch.length;
      const { wake } = this;
      this.wake = () => undefined;
      wake();
    }
    this.isFinishing = false;
  }
}
