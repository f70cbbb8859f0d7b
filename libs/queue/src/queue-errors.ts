/** Redis did not do what was asked: it is away, loading, read-only or full. Whether it did part of it is unknown. */
export class QueueUnavailable extends Error {
  constructor(reason: string, options?: ErrorOptions) {
    super(`Redis is not available: ${reason}`, options);
    this.name = 'QueueUnavailable';
  }
}

/** Redis is reachable but cannot serve Millrace; the message says what to change. */
export class UnsupportedRedis extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnsupportedRedis';
  }
}

/** An entry of a queue that cannot be read; `field` is undefined when it is no JSON object at all. */
export class MalformedEntry extends Error {
  constructor(
    message: string,
    readonly field?: string,
  ) {
    super(field ? `${field} ${message}` : message);
    this.name = 'MalformedEntry';
  }
}

/** Answers of Redis that pass by themselves, or when someone frees memory; anything else is a fault of the caller. */
const PASSING =
  /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|OOM|MISCONF|NOREPLICAS|BUSY|UNBLOCKED|NOAUTH|WRONGPASS|NOPERM)\b/;

/** The error to throw for a failed call: `QueueUnavailable` unless Redis refused the call itself. */
export function asQueueError(error: unknown): Error {
  if (error instanceof QueueUnavailable) return error;
  if (!(error instanceof Error)) return new QueueUnavailable(String(error));
  const refusedCall = error.name === 'ReplyError' && !PASSING.test(error.message);
  return refusedCall ? error : new QueueUnavailable(error.message, { cause: error });
}
