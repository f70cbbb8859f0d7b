import { CountFolder } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import type { Duty, DutyCounts } from '@millrace/scheduling';

/** Keeps counting cheap: folds the changes of counts into the totals. */
@Injectable()
export class FoldCounts implements Duty {
  readonly name = 'fold-counts';
  readonly intervalMs = 1_000;

  constructor(private readonly counts: CountFolder) {}

  async runOnce(): Promise<DutyCounts> {
    return { folded: await this.counts.runOnce() };
  }
}
