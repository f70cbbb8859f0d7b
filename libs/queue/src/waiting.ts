import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';

/** Resolves after `ms`, or at once when the signal aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  await sleep(ms, undefined, signal ? { signal } : {}).catch(() => undefined);
}

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

/** Settles as the promise does, or rejects when it has not settled within `ms`; the work itself goes on. */
export async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
