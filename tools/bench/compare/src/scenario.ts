import type { Load } from '../host/src/load';
import type { WorkerSettings } from '../host/src/system';
import type { SystemInfo, SystemName } from './systems';

export type ScenarioName =
  | 'submit-single'
  | 'submit-callers'
  | 'submit-bulk'
  | 'drain'
  | 'flow-callers'
  | 'flow-bulk'
  | 'sleep'
  | 'idle'
  | 'paced-1000'
  | 'paced-half'
  | 'paced-high'
  | 'rest-callers'
  | 'rest-bulk'
  | 'workers-2'
  | 'workers-4'
  | 'drain-large'
  | 'delayed-1000'
  | 'delayed-10000'
  | 'bytes';

export type Form = 'full' | 'smoke';

/**
 * What is done in what order:
 * - `submit`: submits, with no worker. From the first submit to the last acknowledgement.
 * - `drain`: submits, then starts the worker. From the first start of a handler until every task has ended in the stores.
 * - `flow`: submits to a worker that waits. From the first submit until every task has ended in the stores.
 * - `wait`: as `flow`; measured is how long each task waits for its start.
 * - `bytes`: as `submit`; measured is what the stores have grown by.
 */
export type Kind = 'submit' | 'drain' | 'flow' | 'wait' | 'bytes';

export interface Scenario {
  readonly name: ScenarioName;
  readonly title: string;
  readonly kind: Kind;
  readonly worker: WorkerSettings;
  /** Worker processes. Default 1. */
  readonly workers?: number;
  /** Tasks of one run; a slow system gets `slowTasks`, as its rate shows as well in fewer. */
  readonly tasks: Readonly<Record<Form, number>>;
  readonly slowTasks?: number;
  /** Goes the same way as another scenario does, with other numbers; the smoke form leaves it out. */
  readonly like?: ScenarioName;
  /** A rate as a share of what the system can do, by its end-to-end rate with as many callers. */
  readonly shareOfCapacity?: number;
  /** How they are submitted. */
  readonly load: (tasks: number, form: Form) => Load;
  /** So many of the first tasks do not count into the waits. */
  readonly skip?: number;
  readonly systems: readonly SystemName[];
}

/** How long a load at a share of the capacity lasts. */
export const PACED_SECONDS = 6;

/** Systems that commit each lone submit, or each start and finish, by itself. */
export const SLOW_AT: Readonly<Partial<Record<SystemName, readonly ScenarioName[]>>> = {
  'bullmq-record': ['submit-single', 'submit-callers', 'submit-bulk', 'drain', 'flow-callers', 'flow-bulk', 'sleep'],
  'pg-boss': ['submit-single', 'submit-callers', 'flow-callers'],
  'graphile-worker': ['submit-single', 'submit-callers', 'flow-callers'],
};

/** What all but ours do in the smoke form: enough to see that each of them can still be measured. */
const SMOKE_OF_OTHERS: readonly ScenarioName[] = ['flow-callers', 'delayed-10000', 'rest-callers'];

/** Whether a system takes part in a scenario. */
export function takesPart({ name, like, systems }: Scenario, { name: system, side }: SystemInfo, form: Form): boolean {
  if (!systems.includes(system)) return false;
  return form === 'full' || (like === undefined && (side === 'ours' || SMOKE_OF_OTHERS.includes(name)));
}
