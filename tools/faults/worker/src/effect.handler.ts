import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { SnoozeError, TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { EffectLog } from './effect-log';

/** What the handler does, attempt by attempt. Counts are of the first attempts. */
interface EffectPayload {
  /** Waits so long, in milliseconds. Default 0. */
  readonly sleep?: number;
  /** Keeps the processor busy so long, in milliseconds. Default 0. */
  readonly spin?: number;
  /** So many attempts fail. Default 0. */
  readonly fail?: number;
  /** So many attempts, before those that fail, are put off for 100 ms. Default 0. */
  readonly snooze?: number;
  /** Does not look at its signal. */
  readonly deaf?: true;
}

const SNOOZE_MS = 100;

/** Leaves a line at its start and one at its end, and does in between what its payload says. */
@Injectable()
@TaskHandler('effect')
export class EffectHandler implements Handler<EffectPayload, object> {
  constructor(private readonly effects: EffectLog) {}

  async handle(payload: EffectPayload, { task, attempt, signal }: TaskContext): Promise<object> {
    const about = { taskId: task.taskId, attempt, nonce: randomUUID() };
    this.effects.write({ kind: 'start', taskId: task.taskId, attempt });
    try {
      await this.work(payload, attempt, signal);
    } catch (error) {
      this.effects.write({ kind: 'end', ...about, how: signal.aborted ? 'aborted' : 'threw' });
      throw error;
    }
    this.effects.write({ kind: 'end', ...about, how: 'returned' });
    return { attempt, nonce: about.nonce };
  }

  private async work(payload: EffectPayload, attempt: number, signal: AbortSignal): Promise<void> {
    const { sleep: sleepMs = 0, spin = 0, fail = 0, snooze = 0, deaf } = payload;
    if (sleepMs > 0) await sleep(sleepMs, undefined, deaf ? {} : { signal });
    const spinUntilMs = performance.now() + spin;
    while (performance.now() < spinUntilMs);
    if (attempt <= snooze) throw new SnoozeError(SNOOZE_MS);
    if (attempt <= snooze + fail) throw new Error(`Attempt ${attempt} was to fail`);
  }
}
