import { LiveVacuum } from '@millrace/store';
import { Injectable } from '@nestjs/common';
import type { Duty, DutyCounts } from '@millrace/scheduling';

/** Keeps the tables small through which every task passes, so that lists and starts read what lives and not what was. */
@Injectable()
export class VacuumLive implements Duty {
  readonly name = 'vacuum-live';
  readonly intervalMs = 5_000;

  constructor(private readonly live: LiveVacuum) {}

  async runOnce(): Promise<DutyCounts> {
    return { vacuumed: await this.live.runOnce() };
  }
}
