import { createHash } from 'node:crypto';
import type { ChainableCommander, Redis } from 'ioredis';

/** A Lua script, sent to Redis once and called by its SHA after that. */
export class Script<Reply> {
  private readonly sha: string;

  constructor(private readonly source: string) {
    this.sha = createHash('sha1').update(source).digest('hex');
  }

  async run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply> {
    if (__MUTANT__ === 'client_clock')
      return (await redis.eval(byOwnClock(this.source), keys.length, ...keys, ...args)) as Reply;
    try {
      return (await redis.evalsha(this.sha, keys.length, ...keys, ...args)) as Reply;
    } catch (error) {
      if (!isMissingScript(error)) throw error;
      // Redis restarted, failed over or flushed its scripts: EVAL runs the script and caches it again.
      return (await redis.eval(this.source, keys.length, ...keys, ...args)) as Reply;
    }
  }

  /** Sends it along with what else is in the pipeline; fails there with NOSCRIPT when Redis does not know it. */
  addTo(pipeline: ChainableCommander, keys: readonly string[], args: readonly (string | number)[]): void {
    pipeline.evalsha(this.sha, keys.length, ...keys, ...args);
  }
}

/** For a mutant of the fault suite. */
function byOwnClock(source: string): string {
  return source.replaceAll(`redis.call('TIME')`, `{ ${Math.floor(Date.now() / 1_000) + 3_600}, 0 }`);
}

function isMissingScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
