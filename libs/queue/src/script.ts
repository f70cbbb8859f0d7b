import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** A Lua script, sent to Redis once and called by its SHA after that. */
export class Script<Reply> {
  private readonly sha: string;

  constructor(private readonly source: string) {
    this.sha = createHash('sha1').update(source).digest('hex');
  }

  async run(redis: Redis, keys: readonly string[], args: readonly (string | number)[]): Promise<Reply> {
    try {
      return (await redis.evalsha(this.sha, keys.length, ...keys, ...args)) as Reply;
    } catch (error) {
      if (!isMissingScript(error)) throw error;
      // Redis restarted, failed over or flushed its scripts: EVAL runs the script and caches it again.
      return (await redis.eval(this.source, keys.length, ...keys, ...args)) as Reply;
    }
  }
}

function isMissingScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('NOSCRIPT');
}
