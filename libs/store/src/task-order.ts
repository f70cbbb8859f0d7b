import type { RawRow } from './database';
import { InvalidCursor } from './store-errors';
import { isOfSpan, type LeadColumn, type TaskFilter } from './task-filter';

/** Microseconds, as PostgreSQL keeps them: milliseconds would skip tasks created in the same one. */
export const CREATED_US = '(extract(epoch FROM created_at) * 1000000)::bigint';

/** How a list is ordered, newest first, and how its opaque cursors say where to go on. */
export interface TaskOrder {
  /** For ORDER BY. */
  readonly by: string;
  /** The filter's column by whose index the list is read; null: the planner's choice. */
  readonly lead: LeadColumn | null;
  /** The condition for the start of the list, if it needs one. */
  readonly start: string | null;
  cursorOf(row: RawRow): string;
  /** The condition for what comes after the cursor. Throws `InvalidCursor`. */
  after(cursor: string): string;
}

const BY_ID: TaskOrder = {
  by: 'id DESC',
  lead: null,
  start: null,
  cursorOf: cursorOfId,
  after: (cursor) => `id < ${idOf(cursor)}`,
};

/**
 * The same order, as one that only the index of the column has. Ordered by id alone, a list of a common type may be read off the
 * index of ids: the planner expects each eighth task to be of that type, also where the last million are all of another.
 */
function byIdWithin(lead: LeadColumn): TaskOrder {
  return {
    by: `${lead} DESC, id DESC`,
    lead,
    start: `${lead} <= $1`,
    cursorOf: cursorOfId,
    // In place of the start's condition: with both, an index is read from the start.
    after: (cursor) => `(${lead}, id) < ($1, ${idOf(cursor)})`,
  };
}

/** Nearly the same order, and the only one that finds the start of a past span of time by an index. */
const BY_CREATION: TaskOrder = {
  by: 'created_at DESC, id DESC',
  lead: null,
  start: null,
  cursorOf: ({ id, created_us: us }) => encode(`at:${String(us)}:${String(id)}`),
  after: (cursor) => {
    const [us, id] = decode(cursor, /^at:(\d{1,17}):(\d{1,15})$/);
    return `(created_at, id) < ('epoch'::timestamptz + ${us} * interval '1 microsecond', ${id})`;
  },
};

/** What a task may be called, `TASK_ID_PATTERN`, needs no quoting. */
const NAME_CURSOR = /^name:([A-Za-z0-9._:-]{1,128})$/;

/** The only order in which an index has those whose ids begin alike. Of ids that we have made it is the newest first as well. */
export const BY_TASK_ID: TaskOrder = {
  by: 'task_id DESC',
  lead: null,
  start: null,
  cursorOf: ({ task_id: taskId }) => encode(`name:${String(taskId)}`),
  after: (cursor) => {
    const [taskId] = decode(cursor, NAME_CURSOR);
    return `task_id < '${taskId}'`;
  },
};

/** Whether it continues a list in the order of the ids of many tasks. */
export function isByTaskId(cursor: string): boolean {
  return NAME_CURSOR.test(textOf(cursor));
}

/** Lists are ordered by id, those of a span of time by creation. */
export function orderOf(filter: TaskFilter): TaskOrder {
  if (isOfSpan(filter)) return BY_CREATION;
  const lead = filter.q === undefined ? leadOf(filter) : null;
  return lead ? byIdWithin(lead) : BY_ID;
}

/** Of two columns the planner may choose, when one of them is a user or a schedule: too few tasks are of both for a walk by id. */
function leadOf({ type, queue, userId, scheduleId }: TaskFilter): LeadColumn | null {
  const columns: readonly (readonly [LeadColumn, unknown])[] = [
    ['schedule_id', scheduleId],
    ['user_id', userId],
    ['type', type],
    ['queue', queue],
  ];
  const [first, second] = columns.flatMap(([column, value]) => (value === undefined ? [] : [column]));
  return first && (!second || first === 'type') ? first : null;
}

function cursorOfId({ id }: RawRow): string {
  return encode(`id:${String(id)}`);
}

function idOf(cursor: string): string {
  const [id = ''] = decode(cursor, /^id:(\d{1,15})$/);
  return id;
}

function encode(place: string): string {
  return Buffer.from(place).toString('base64url');
}

function decode(cursor: string, shape: RegExp): string[] {
  const match = shape.exec(textOf(cursor));
  if (!match) throw new InvalidCursor(cursor);
  return match.slice(1);
}

function textOf(cursor: string): string {
  return Buffer.from(cursor, 'base64url').toString('latin1');
}
