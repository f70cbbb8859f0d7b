import type { WorkerRow } from '@millrace/store';
import type { TypeView } from './type.view';

/** One entry a type, by name. Where workers of two versions differ, the one that started last is right. */
export function mergeTypes(workers: readonly Pick<WorkerRow, 'types'>[]): TypeView[] {
  const merged = new Map<string, TypeView>();
  for (const { types } of workers) {
    for (const { type, description, timeoutMs, maxRetry, retryDelayMs, queue } of types) {
      merged.set(type, {
        type,
        description,
        queue,
        timeout: timeoutMs,
        max_retry: maxRetry,
        retry_delay: retryDelayMs,
        workers: (merged.get(type)?.workers ?? 0) + 1,
      });
    }
  }
  return [...merged.values()].sort((a, b) => (a.type < b.type ? -1 : 1));
}
