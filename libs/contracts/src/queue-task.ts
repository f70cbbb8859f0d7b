import type { Json, TraceContext } from './task';

/**
 * One entry of a queue, as JSON in Redis. Any program may write one with `id`, `name`, `payload` and the options it
 * cares about; `attempt` is written by Millrace alone and says which start of the recorded task the entry stands for.
 * Durations are milliseconds.
 */
export interface QueueTask {
  /** The task_id. */
  readonly id: string;
  /** The task's type. */
  readonly name: string;
  readonly payload: Json;
  readonly max_retry?: number;
  readonly retry_count?: number;
  /** ISO 8601. */
  readonly created_at?: string;
  /** Starts so far of the recorded task; absent in an entry whose task has no row yet. */
  readonly attempt?: number;
  /** Workers lost with the recorded task so far, which tells whether it runs apart; absent for none. */
  readonly crash_count?: number;
  readonly queue?: string;
  /** 0 to 9. */
  readonly priority?: number;
  readonly retry_delay?: number;
  readonly backoff?: { readonly type: 'fixed' | 'exponential'; readonly max?: number; readonly jitter?: number };
  readonly timeout?: number;
  /** ISO 8601. */
  readonly expires_at?: string;
  readonly user_id?: string;
  readonly trace?: TraceContext;
}
