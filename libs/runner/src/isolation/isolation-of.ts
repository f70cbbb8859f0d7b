import { ISOLATE_AFTER_CRASHES } from '@millrace/tasks';
import type { HandlerSettings } from '../task-handler';
import type { CellSpec } from './cell-body';

/**
 * The cell an attempt needs; null when it runs among the others.
 *
 * A task that was lost twice with its worker runs in a process whatever its handler declares: it may be what takes
 * workers down. Those that only stood beside it are cleared by that run.
 */
export function isolationOf(
  { isolated, memoryMiB }: Pick<HandlerSettings, 'isolated' | 'memoryMiB'>,
  crashCount: number,
): CellSpec | null {
  if (crashCount >= ISOLATE_AFTER_CRASHES && __MUTANT__ !== 'no_isolation') return { kind: 'process', memoryMiB };
  return isolated === null ? null : { kind: isolated, memoryMiB };
}
