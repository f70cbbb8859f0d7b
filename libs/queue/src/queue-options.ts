import { PAYLOAD_LIMITS, type Route } from '@millrace/contracts';

/** Called with the number of entries just set aside as unreadable. */
export type BadEntriesListener = (queue: string, count: number) => void;

export interface QueueSettings {
  /** `redis://` or `rediss://` address, with password and database number where needed. */
  readonly redisUrl: string;
  /** First word of every key. On Redis Cluster it must carry a hash tag, such as `{millrace}`. Default `millrace`. */
  readonly prefix?: string;
  /** Which queue a type goes to when a submit through `QueueClient` names none. Default none: all go to `default`. */
  readonly routes?: readonly Route[];
  /** Largest payload, in bytes of JSON, of a submit through Redis (`TASK_MAX_PAYLOAD`). Default 256 KiB, below 1 MiB. */
  readonly maxPayloadBytes?: number;
  /** For counting; unreadable entries are logged in any case. */
  readonly onBadEntries?: BadEntriesListener;
}

/** What the queue library needs to know; the same object serves `QueueModule` and `createQueues`. */
export class QueueOptions {
  readonly redisUrl: string;
  readonly prefix: string;
  readonly routes: readonly Route[];
  readonly maxPayloadBytes: number;
  readonly onBadEntries: BadEntriesListener;

  /** Throws RangeError when the prefix is not 1 to 64 characters of `A-Za-z0-9_.:{}-`. */
  constructor({ redisUrl, prefix = 'millrace', routes = [], maxPayloadBytes, onBadEntries }: QueueSettings) {
    if (!/^[A-Za-z0-9_.:{}-]{1,64}$/.test(prefix))
      throw new RangeError(`The Redis prefix must be 1 to 64 characters of A-Za-z0-9_.:{}-; got "${prefix}"`);
    this.redisUrl = redisUrl;
    this.prefix = prefix;
    this.routes = routes;
    this.maxPayloadBytes = maxPayloadBytes ?? PAYLOAD_LIMITS.bytes;
    this.onBadEntries = onBadEntries ?? (() => undefined);
  }
}
