import { InvalidCursor } from './store-errors';

/** The opaque text that continues a list after the task with this database id. */
export function encodeCursor(id: number): string {
  return Buffer.from(`id:${id}`).toString('base64url');
}

/** The database id in a cursor. Throws `InvalidCursor`. */
export function decodeCursor(cursor: string): number {
  const match = /^id:(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  if (!match) throw new InvalidCursor(cursor);
  return Number(match[1]);
}
