import type { SlotOrigin, SlotOutcome } from '@millrace/contracts';
import { dueAtOf } from '@millrace/schedules';
import {
  slotKey,
  type EntityManager,
  type NewSlot,
  type ScheduleRepository,
  type ScheduleRow,
  type StartedTask,
  type TaskRepository,
} from '@millrace/store';
import { recordedTask, type Draft } from './draft-task';
import { startInserted } from './record-started';
import type { PlannedSlot } from './slot-plan';
import { taskOfSlot, type SlotMakers, type SlotRunner } from './slot-task';
import type { SubmittedTask } from './submission';
import type { TaskPolicy } from './task-policy';

/** What slots are recorded with. */
export interface SlotParts {
  readonly schedules: ScheduleRepository;
  readonly tasks: TaskRepository;
  readonly policy: TaskPolicy;
  readonly makers: SlotMakers;
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
  /** To be begun once the transaction has committed, and not dispatched. */
  readonly started: readonly StartedSlot[];
}

/** The task of a slot that runs in this process. */
export interface StartedSlot {
  readonly runner: SlotRunner;
  readonly task: StartedTask;
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
    slots.filter(({ slot }) => __MUTANT__ === 'slot_twice' || fresh.has(slotKey(slot))),
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
  readonly runner: SlotRunner | null;
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
  const nothing = { schedule, draft: null, runner: null };
  if (!task) return { ...nothing, slot: { ...base, outcome: planned.outcome, reason: planned.reason, taskId: null } };
  if ('refusal' in task) {
    return { ...nothing, slot: { ...base, outcome: 'refused', reason: task.refusal, taskId: null } };
  }
  const { draft, runner } = task;
  const { taskId } = draft.task;
  return { schedule, draft, runner, slot: { ...base, outcome: 'submitted', reason: null, taskId } };
}

const dueAtFor = (origin: SlotOrigin, { name, jitterMs }: ScheduleRow, slotAt: Date): Date | null =>
  origin === 'schedule' ? dueAtOf(name, slotAt, jitterMs) : null;

async function insertDrafts(
  { tasks }: SlotParts,
  slots: readonly DraftedSlot[],
  manager: EntityManager,
): Promise<RecordedSlots> {
  const drafted = slots.flatMap(({ draft, runner }) => (draft ? [{ draft, runner }] : []));
  const results = await tasks.insertMany(
    drafted.map(({ draft }) => draft.task),
    manager,
  );
  const rows = drafted.flatMap(({ draft, runner }, index) => {
    const result = results[index];
    if (result?.kind !== 'inserted' || runner !== null) return [];
    return [recordedTask(draft, result)];
  });
  return {
    slots: slots.map(({ schedule, slot }) => ({ ...slot, schedule })),
    tasks: rows,
    started: await startDrafts(tasks, drafted, manager),
  };
}

/** Each runner holds its own. */
async function startDrafts(
  tasks: TaskRepository,
  drafted: readonly { readonly draft: Draft; readonly runner: SlotRunner | null }[],
  manager: EntityManager,
): Promise<StartedSlot[]> {
  const started: StartedSlot[] = [];
  for (const runner of new Set(drafted.map((slot) => slot.runner))) {
    if (runner === null) continue;
    const taskIds = drafted.filter((slot) => slot.runner === runner).map(({ draft }) => draft.task.taskId);
    const its = await startInserted(tasks, taskIds, { workerId: runner.workerId, manager });
    started.push(...its.map((task) => ({ runner, task })));
  }
  return started;
}
