import type { QueueDepth, Queues } from '@millrace/queue';
import type { LoopReport, LoopWatch } from '@millrace/runtime';
import type { RunnerOptions } from './runner-options';
import type { Slots } from './slots';
import type { Tally, Totals } from './tally';

/** What `Worker.stats` answers. */
export interface WorkerStats {
  readonly workerId: string;
  readonly enabled: boolean;
  readonly workers: {
    readonly running: number;
    readonly free: number;
    readonly total: number;
    readonly leaked: number;
    /** Those of `running` that have a process or thread of their own, and those whose own is not gone yet. */
    readonly isolated: number;
  };
  /** Null for a queue that Redis did not tell about. */
  readonly queues: Readonly<Record<string, QueueDepth | null>>;
  /** Everything that must go on in the background. */
  readonly loops: readonly LoopReport[];
  readonly totals: Readonly<Totals>;
}

export interface StatsParts {
  readonly workerId: string;
  readonly options: Pick<RunnerOptions, 'enabled' | 'queues'>;
  readonly slots: Slots;
  readonly leaked: number;
  readonly isolated: number;
  readonly queues: Queues;
  readonly watch: LoopWatch;
  readonly tally: Tally;
}

export async function statsOf({
  workerId,
  options,
  slots,
  queues,
  watch,
  tally,
  ...counts
}: StatsParts): Promise<WorkerStats> {
  const depths = await Promise.all(
    [...options.queues.keys()].map(async (name) => [name, await depthOf(queues, name)] as const),
  );
  return {
    workerId,
    enabled: options.enabled,
    workers: {
      running: slots.total - slots.free,
      free: slots.free,
      total: slots.total,
      leaked: counts.leaked,
      isolated: counts.isolated,
    },
    queues: Object.fromEntries(depths),
    loops: watch.reports(),
    totals: { ...tally.totals },
  };
}

async function depthOf(queues: Queues, name: string): Promise<QueueDepth | null> {
  return queues
    .of(name)
    .depth()
    .catch(() => null);
}
