import type { Json } from '@millrace/contracts';
import { DiscoveryService } from '@nestjs/core';
import type { FunctionOptions, JobOptions } from './scheduler.service';
import type { Fire } from './timed-job';

/** A schedule that stands on a method. */
export type ScheduleDeclaration =
  | { readonly kind: 'func'; readonly spec: string; readonly name: string; readonly options: FunctionOptions }
  | {
      readonly kind: 'task';
      readonly spec: string | readonly string[];
      readonly name: string;
      readonly type: string;
      readonly options: JobOptions;
    };

/** How the explorer finds the declarations. */
export const Declared = DiscoveryService.createDecorator<ScheduleDeclaration>();

/** A method that may carry `ScheduledFunc`. */
type RunMethod = (fire: Fire) => unknown;

/** A method that may carry `ScheduledTask`: it makes the payload of a slot. */
type PayloadMethod = (slotAt: Date) => Json | Promise<Json>;

/**
 * Runs a method of a provider at the moments of a spec, in each replica or in one of them; see `SchedulerService.addFunc`.
 *
 * @example `@ScheduledFunc('@every 5m', { name: 'refresh-prices' }) refresh() { … }`
 */
export function ScheduledFunc(
  spec: string,
  { name, options = {} }: { readonly name: string; readonly options?: FunctionOptions },
) {
  return <M extends RunMethod>(target: object, key: string | symbol, method: TypedPropertyDescriptor<M>): void => {
    Declared({ kind: 'func', spec, name, options })(target, key, method);
  };
}

/**
 * Submits a task at each moment of a spec, one a slot among all replicas; the method makes its payload. The options are
 * those of the task and the policies of the schedule (`timezone`, `misfire`, `overlap`, ...). See `SchedulerService.addJob`.
 *
 * @example `@ScheduledTask('0 6 * * 1', { name: 'weekly-report', type: 'report.weekly' }) payload(slotAt: Date) { … }`
 */
export function ScheduledTask(
  spec: string | readonly string[],
  { name, type, options = {} }: { readonly name: string; readonly type: string; readonly options?: JobOptions },
) {
  return <M extends PayloadMethod>(target: object, key: string | symbol, method: TypedPropertyDescriptor<M>): void => {
    Declared({ kind: 'task', spec, name, type, options })(target, key, method);
  };
}
