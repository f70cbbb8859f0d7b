import type { Redis } from 'ioredis';

/** Whether a command would be sent now. One whose end has begun is still called ready, but takes nothing. */
export function isUsable(redis: Redis): boolean {
  return redis.status === 'ready' && redis.stream.writable;
}

/** Resolves to whether the connection is ready: now, within `ms`, or not before the signal aborts. */
export function untilReady(redis: Redis, ms: number, signal?: AbortSignal): Promise<boolean> {
  if (isUsable(redis)) return Promise.resolve(true);
  if (redis.status === 'end' || ms <= 0 || signal?.aborted) return Promise.resolve(false);
  return new Promise((resolve) => {
    const settle = () => {
      clearTimeout(timer);
      redis.off('ready', settle);
      redis.off('end', settle);
      signal?.removeEventListener('abort', settle);
      resolve(isUsable(redis));
    };
    const timer = setTimeout(settle, ms);
    redis.once('ready', settle);
    redis.once('end', settle);
    signal?.addEventListener('abort', settle, { once: true });
  });
}
