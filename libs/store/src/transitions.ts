import type { TaskStatus } from '@millrace/contracts';

/** Every change of status that may happen. A success is never left; other final statuses only by an explicit retry. */
export const LEGAL_TRANSITIONS: Readonly<Record<TaskStatus, readonly TaskStatus[]>> = {
  pending: ['processing', 'failed', 'cancelled'],
  processing: ['success', 'failed', 'cancelled', 'pending'],
  success: [],
  failed: ['pending'],
  cancelled: ['pending'],
};

export function isLegalTransition(from: TaskStatus, to: TaskStatus): boolean {
  return LEGAL_TRANSITIONS[from].includes(to);
}
