import { PAYLOAD_LIMITS, type Route } from '@millrace/contracts';

/** What a task gets when its submit does not say, and what a submit may ask for; read from the configuration. */
export class TaskPolicy {
  /** Retries after a failed first start (`QUEUE_MAX_RETRY`). Default 3. */
  readonly maxRetry: number;
  /** Wait before the first retry, in milliseconds (`QUEUE_RETRY_DELAY`). Default 5 s. */
  readonly retryDelayMs: number;
  /** Which queue a type goes to (`QUEUE_ROUTES`). Default none: all go to `default`. */
  readonly routes: readonly Route[];
  /** Largest payload as JSON, in bytes (`TASK_MAX_PAYLOAD`). Default 256 KiB. */
  readonly maxPayloadBytes: number;

  constructor(settings: Partial<TaskPolicy> = {}) {
    this.maxRetry = settings.maxRetry ?? 3;
    this.retryDelayMs = settings.retryDelayMs ?? 5_000;
    this.routes = settings.routes ?? [];
    this.maxPayloadBytes = settings.maxPayloadBytes ?? PAYLOAD_LIMITS.bytes;
  }
}
