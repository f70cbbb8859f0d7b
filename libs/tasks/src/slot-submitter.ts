import { failpoint, type Json } from '@millrace/contracts';
import { ScheduleRepository } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import { draftTask, rowOf } from './draft-task';
import type { SubmitOptions } from './submission';
import { TaskPolicy } from './task-policy';
import { TaskSubmitter } from './task-submitter';

/** What each slot of a schedule submits. A task_id of its own would be taken by the second slot. */
export interface SlotSubmission {
  readonly type: string;
  readonly payload: Json;
  readonly options?: Omit<SubmitOptions, 'manager' | 'taskId' | 'delay' | 'runAt' | 'scheduleId' | 'slotAt'>;
}

/** `taken`: another replica submitted this slot. `held`: an earlier task holds the submission's unique key. */
export type SlotResult =
  | { readonly kind: 'submitted'; readonly taskId: string }
  | { readonly kind: 'taken' }
  | { readonly kind: 'held'; readonly taskId: string };

/** Submits one task a slot, however many replicas fire it and however often. */
@Injectable()
export class SlotSubmitter {
  constructor(
    private readonly schedules: ScheduleRepository,
    private readonly submitter: TaskSubmitter,
    private readonly policy: TaskPolicy,
  ) {}

  /**
   * Records the slot and its task in one transaction, then queues the task. The task is due at the slot by the
   * database's clock, so that a replica whose clock is fast does not start it early.
   * Throws `InvalidTask`, or `StoreUnavailable` when PostgreSQL is away.
   */
  async fire(scheduleId: number, slotAt: Date, { type, payload, options }: SlotSubmission): Promise<SlotResult> {
    const draft = draftTask({ type, payload, options: { ...options, runAt: slotAt, scheduleId, slotAt } }, this.policy);
    const result = await this.schedules.fireSlot(scheduleId, slotAt, draft.task);
    if (!result || result.kind === 'task_id_taken') return { kind: 'taken' };
    if (result.kind === 'unique_taken') return { kind: 'held', taskId: result.taskId };

    failpoint('after_slot');
    await this.submitter.dispatch([{ ...rowOf(draft, result), created: true, dispatched: false }]);
    return { kind: 'submitted', taskId: result.taskId };
  }
}
