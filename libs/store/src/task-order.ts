import type { RawRow } from './database';
import { InvalidCursor } from './store-errors';
import type { LeadColumn, TaskFilter } from './task-filter';

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

/** Lists are ordered by id, those of a span of time by creation. */
export function orderOf(filter: TaskFilter): TaskOrder {
  if (filter.createdFrom !== undefined || filter.createdTo !== undefined) return BY_CREATION;
  const lead = leadOf(filter);
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
  const match = shape.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) throw new InvalidCursor(cursor);
  return match.slice(1);
}
