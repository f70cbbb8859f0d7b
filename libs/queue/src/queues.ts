import { randomUUID } from 'node:crypto';
import { checkQueueName, DEFAULT_QUEUE, InvalidTask } from '@millrace/contracts';
import type { RedisConnections } from './connections';
import { queueKeys } from './keys';
import type { QueueOptions } from './queue-options';
import { RenewalThread, type RenewalThreadSettings } from './renewal-thread';
import { scripts } from './scripts';
import { TaskQueue } from './task-queue';

/** What stands for the content of Redis: another identity means that it may have lost what it held. */
export interface EpochCheck {
  readonly identity: string;
  /** The mark was gone, or differs from what this process saw last. Told once: whoever asks has to act on it. */
  readonly lost: boolean;
  /** The first check of this process: a mark that is gone may never have been there. */
  readonly isFirst: boolean;
}

/** The queues of one Redis. */
export class Queues {
  private readonly queues = new Map<string, TaskQueue>();
  private lastIdentity: string | undefined;

  constructor(
    private readonly connections: RedisConnections,
    private readonly options: QueueOptions,
  ) {}

  /** The queue of that name; the same object every time. Throws `InvalidTask` for a name that no queue can have. */
  of(name: string): TaskQueue {
    const known = this.queues.get(name);
    if (known) return known;
    const faults = checkQueueName('queue', name);
    if (faults.length > 0) throw new InvalidTask(faults);
    const queue = new TaskQueue(name, this.connections, this.options);
    this.queues.set(name, queue);
    return queue;
  }

  /** A thread that renews one worker's leases while its main loop is busy; not started. */
  renewalThread(settings: RenewalThreadSettings): RenewalThread {
    return new RenewalThread(this.options, settings);
  }

  /**
   * Detects that Redis lost its data or that another server answers. The mark is set again when it is gone, so that of
   * all processes one sees it missing and the others see it changed.
   * The first check of a process tells a loss only if the mark was gone. Throws `QueueUnavailable`.
   */
  async checkEpoch(): Promise<EpochCheck> {
    const { epoch } = queueKeys(this.options.prefix, DEFAULT_QUEUE);
    const [[mark, wasSet], server] = await this.connections.run((redis) =>
      Promise.all([scripts.epoch.run(redis, [epoch], [randomUUID()]), redis.info('server')]),
    );
    const identity = `${mark}@${/^run_id:(\S+)/m.exec(server)?.[1] ?? ''}`;
    const isFirst = this.lastIdentity === undefined;
    const hasChanged = !isFirst && this.lastIdentity !== identity;
    this.lastIdentity = identity;
    return { identity, lost: __MUTANT__ !== 'no_epoch_check' && (wasSet === 1 || hasChanged), isFirst };
  }

  /** Redis' `maxmemory-policy`; null when it does not tell. Anything but `noeviction` may drop queued hints. */
  async evictionPolicy(): Promise<string | null> {
    const memory = await this.connections.run((redis) => redis.info('memory'));
    return /^maxmemory_policy:(\S+)/m.exec(memory)?.[1] ?? null;
  }
}
