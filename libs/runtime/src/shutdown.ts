import { Injectable } from '@nestjs/common';

/**
 * Whether this process is on its way out.
 *
 * - `draining` aborts at the first signal: readiness turns false, nothing new is begun.
 * - `hastened` aborts at the second: whoever waits for running work stops waiting.
 */
@Injectable()
export class Shutdown {
  private readonly drain = new AbortController();
  private readonly haste = new AbortController();

  readonly draining: AbortSignal = this.drain.signal;
  readonly hastened: AbortSignal = this.haste.signal;

  begin(): void {
    this.drain.abort();
  }

  hasten(): void {
    this.begin();
    this.haste.abort();
  }
}
