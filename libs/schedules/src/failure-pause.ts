import type { FinalStatus } from '@millrace/contracts';

/**
 * Whether a schedule has failed often enough to be paused: its last `limit` ended runs, newest first, all failed. Runs that
 * were cancelled say nothing. Null: never paused.
 */
export function hasFailedRepeatedly(ended: readonly FinalStatus[], limit: number | null): boolean {
  if (limit === null) return false;
  const telling = ended.filter((status) => status !== 'cancelled').slice(0, limit);
  return telling.length === limit && telling.every((status) => status === 'failed');
}
