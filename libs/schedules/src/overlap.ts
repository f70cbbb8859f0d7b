import type { OverlapPolicy } from '@millrace/contracts';

/** What the schedule has under way when a slot comes due. */
export interface UnderWay {
  /** Its tasks that have not ended. */
  readonly unfinished: number;
  /** Its slots that wait for those. */
  readonly waiting: number;
}

/**
 * What happens to a slot. `wait`: its task is submitted when those under way have ended. `replace`: the same, and those
 * under way are asked to cancel, and slots that waited before it are skipped.
 */
export type OverlapDecision = 'submit' | 'skip' | 'wait' | 'replace';

/** Decides about a slot that comes due while others of its schedule may be under way. */
export function decideOverlap(policy: OverlapPolicy, { unfinished, waiting }: UnderWay): OverlapDecision {
  if (policy === 'allow' || unfinished + waiting === 0) return 'submit';
  switch (policy) {
    case 'skip':
      return 'skip';
    case 'queue_one':
      return waiting === 0 ? 'wait' : 'skip';
    case 'queue_all':
      return 'wait';
    case 'cancel_running':
      return 'replace';
    default:
      return policy satisfies never;
  }
}
