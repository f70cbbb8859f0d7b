import type { SlotOrigin, SlotOutcome } from '@millrace/contracts';
import { dueAtOf } from '@millrace/schedules';
import {
  slotKey,
  type EntityManager,
  type NewSlot,
  type ScheduleRepository,
  type ScheduleRow,
  type TaskRepository,
} from '@millrace/store';
import { rowOf, type Draft } from './draft-task';
import type { PlannedSlot } from './slot-plan';
import { taskOfSlot, type DeclaredSlots } from './slot-task';
import type { SubmittedTask } from './submission';
import type { TaskPolicy } from './task-policy';

/** What slots are recorded with. */
export interface SlotParts {
  readonly schedules: ScheduleRepository;
  readonly tasks: TaskRepository;
  readonly policy: TaskPolicy;
  readonly declared: DeclaredSlots;
}

/** Slots of one schedule that are to be recorded. */
export interface SlotBatch {
  readonly schedule: ScheduleRow;
  readonly slots: readonly PlannedSlot[];
  readonly origin: SlotOrigin;
}

/** A slot that this call recorded. */
export interface RecordedSlot {
  readonly schedule: ScheduleRow;
  readonly slotAt: Date;
  /** Slot and jitter; null: an operator's, due when it is asked for. */
  readonly dueAt: Date | null;
  readonly outcome: SlotOutcome;
  readonly reason: string | null;
  readonly taskId: string | null;
}

export interface RecordedSlots {
  readonly slots: readonly RecordedSlot[];
  /** To be dispatched once the transaction has committed. */
  readonly tasks: readonly SubmittedTask[];
}

/** Records slots and the tasks of those that are submitted. Slots that somebody recorded before are left as they are. */
export async function recordSlots(
  parts: SlotParts,
  batches: readonly SlotBatch[],
  manager: EntityManager,
): Promise<RecordedSlots> {
  const drafted = await Promise.all(batches.map((batch) => draftSlots(parts, batch)));
  const slots = drafted.flat();
  const fresh = await parts.schedules.insertSlots(
    slots.map(({ slot }) => slot),
    manager,
  );
  return insertDrafts(
    parts,
    slots.filter(({ slot }) => fresh.has(slotKey(slot))),
    manager,
  );
}

/** Lets slots go that waited; those that somebody else let go are left out. */
export async function releaseSlots(
  parts: SlotParts,
  waiting: readonly { readonly schedule: ScheduleRow; readonly slotAt: Date }[],
  manager: EntityManager,
): Promise<RecordedSlots> {
  const drafted = await Promise.all(
    waiting.map(({ schedule, slotAt }) =>
      draftSlots(parts, { schedule, slots: [{ slotAt, outcome: 'submitted', reason: null }], origin: 'schedule' }),
    ),
  );
  const slots = drafted.flat();
  const taken = await parts.schedules.takeWaiting(
    slots.map(({ slot }) => slot),
    manager,
  );
  return insertDrafts(
    parts,
    slots.filter(({ slot }) => taken.has(slotKey(slot))),
    manager,
  );
}

interface DraftedSlot {
  readonly schedule: ScheduleRow;
  readonly slot: NewSlot;
  readonly draft: Draft | null;
}

const draftSlots = (parts: SlotParts, batch: SlotBatch): Promise<DraftedSlot[]> =>
  Promise.all(batch.slots.map((slot) => draftSlot(parts, batch, slot)));

async function draftSlot(
  parts: SlotParts,
  { schedule, origin }: SlotBatch,
  planned: PlannedSlot,
): Promise<DraftedSlot> {
  const { slotAt } = planned;
  const base = { scheduleId: schedule.id, slotAt, dueAt: dueAtFor(origin, schedule, slotAt), origin };
  const task = planned.outcome === 'submitted' ? await taskOfSlot(schedule, slotAt, parts) : null;
  if (!task)
    return { schedule, slot: { ...base, outcome: planned.outcome, reason: planned.reason, taskId: null }, draft: null };
  if ('refusal' in task) {
    return { schedule, slot: { ...base, outcome: 'refused', reason: task.refusal, taskId: null }, draft: null };
  }
  const { draft } = task;
  return { schedule, slot: { ...base, outcome: 'submitted', reason: null, taskId: draft.task.taskId }, draft };
}

const dueAtFor = (origin: SlotOrigin, { name, jitterMs }: ScheduleRow, slotAt: Date): Date | null =>
  origin === 'schedule' ? dueAtOf(name, slotAt, jitterMs) : null;

async function insertDrafts(
  { tasks }: SlotParts,
  slots: readonly DraftedSlot[],
  manager: EntityManager,
): Promise<RecordedSlots> {
  const drafts = slots.flatMap(({ draft }) => (draft ? [draft] : []));
  const results = await tasks.insertMany(
    drafts.map(({ task }) => task),
    manager,
  );
  const rows = drafts.flatMap((draft, index) => {
    const result = results[index];
    return result?.kind === 'inserted' ? [{ ...rowOf(draft, result), created: true, dispatched: false }] : [];
  });
  return { slots: slots.map(({ schedule, slot }) => ({ ...slot, schedule })), tasks: rows };
}
