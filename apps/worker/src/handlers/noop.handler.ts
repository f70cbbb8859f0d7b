import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { IsInt, Max, Min } from 'class-validator';
import { parseDuration } from '@millrace/contracts';
import { readPayload, TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { IsDurationText } from './duration-field';

const DAY_MS = 86_400_000;

class NoopPayload {
  /** How long to wait before it ends. Default 0. */
  @IsDurationText(DAY_MS)
  sleep: number | string = 0;

  /** How many of the first attempts fail. Default 0. */
  @IsInt()
  @Min(0)
  @Max(10_000)
  fail = 0;
}

/** Waits, and fails its first attempts: for probes, drills and benchmarks. */
@Injectable()
@TaskHandler('noop', { description: 'Waits `sleep`, and fails its first `fail` attempts.' })
export class NoopHandler implements Handler {
  async handle(payload: unknown, { attempt, signal }: TaskContext): Promise<{ attempt: number }> {
    const { sleep: duration, fail } = readPayload(NoopPayload, payload ?? {});
    const sleepMs = parseDuration(duration);
    if (sleepMs > 0) await sleep(sleepMs, undefined, { signal });
    if (attempt <= fail) throw new Error(`Attempt ${attempt} of ${fail} that were to fail`);
    return { attempt };
  }
}
