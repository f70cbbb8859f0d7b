import { WorkerRepository } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import type { Duty, DutyCounts } from '@millrace/scheduling';

/** Far longer than any lease: by then its tasks have long been recovered. */
const SILENT_MS = 24 * 3_600_000;

/** Forgets workers that left without a word. */
@Injectable()
export class ForgetSilentWorkers implements Duty {
  readonly name = 'forget-silent-workers';
  readonly intervalMs = 60_000;

  constructor(private readonly workers: WorkerRepository) {}

  async runOnce(): Promise<DutyCounts> {
    return { forgotten: await this.workers.pruneSilent(SILENT_MS) };
  }
}
