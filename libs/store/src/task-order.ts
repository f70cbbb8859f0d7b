import type { RawRow } from './database';
import { InvalidCursor } from './store-errors';
import type { TaskFilter } from './task-filter';

/** Microseconds, as PostgreSQL keeps them: milliseconds would skip tasks created in the same one. */
export const CREATED_US = '(extract(epoch FROM created_at) * 1000000)::bigint';

/** How a list is ordered, newest first, and how its opaque cursors say where to go on. */
export interface TaskOrder {
  /** For ORDER BY. */
  readonly by: string;
  cursorOf(row: RawRow): string;
  /** The condition for what comes after the cursor. Throws `InvalidCursor`. */
  after(cursor: string): string;
}

const BY_ID: TaskOrder = {
  by: 'id DESC',
  cursorOf: ({ id }) => encode(`id:${String(id)}`),
  after: (cursor) => `id < ${decode(cursor, /^id:(\d{1,15})$/)[0]}`,
};

/** Nearly the same order, and the only one that finds the start of a past span of time by an index. */
const BY_CREATION: TaskOrder = {
  by: 'created_at DESC, id DESC',
  cursorOf: ({ id, created_us: us }) => encode(`at:${String(us)}:${String(id)}`),
  after: (cursor) => {
    const [us, id] = decode(cursor, /^at:(\d{1,17}):(\d{1,15})$/);
    return `(created_at, id) < ('epoch'::timestamptz + ${us} * interval '1 microsecond', ${id})`;
  },
};

/** Lists are ordered by id, those of a span of time by creation. */
export function orderOf({ createdFrom, createdTo }: TaskFilter): TaskOrder {
  return createdFrom === undefined && createdTo === undefined ? BY_ID : BY_CREATION;
}

function encode(place: string): string {
  return Buffer.from(place).toString('base64url');
}

function decode(cursor: string, shape: RegExp): string[] {
  const match = shape.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) throw new InvalidCursor(cursor);
  return match.slice(1);
}
