import type { Isolation } from '../task-handler';

/** What a cell is made of. */
export interface CellSpec {
  readonly kind: Isolation;
  /** Most JavaScript heap, in MiB; null for Node's own limit. */
  readonly memoryMiB: number | null;
}

/** The process or thread of a cell, as the one that started it sees it. */
export interface CellBody {
  send(text: string): void;
  /** Ends it by force, at once. */
  kill(): void;
}

/** What a body reports; `ended` comes once, last. */
export interface BodyEvents {
  message(text: string): void;
  /** Something came that is no message. */
  breach(): void;
  /** `how` completes "The isolated process …". */
  ended(how: string): void;
}

/** What is said of a body that its heap limit ended. */
export function outOfMemory({ memoryMiB }: CellSpec): string {
  return `ran out of memory${memoryMiB === null ? '' : ` (its limit is ${memoryMiB} MiB)`}`;
}
