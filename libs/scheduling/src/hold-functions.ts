import { Injectable } from '@nestjs/common';
import type { Duty, DutyCounts } from './duty';
import { SchedulingOptions } from './scheduling-options';
import { FunctionRuns } from './function-runs';

/** Also the longest wait of a cancel for its function. */
const INTERVAL_MS = 2_000;

/** Keeps the runs of exclusive functions this process's own, and passes on that somebody cancelled them. */
@Injectable()
export class HoldFunctions implements Duty {
  readonly name = 'hold-functions';
  readonly intervalMs: number;

  constructor(
    private readonly functions: FunctionRuns,
    options: SchedulingOptions,
  ) {
    this.intervalMs = Math.min(INTERVAL_MS, options.leaseMs / 6);
  }

  async runOnce(): Promise<DutyCounts> {
    return this.functions.hold();
  }
}
