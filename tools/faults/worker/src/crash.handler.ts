import { Injectable } from '@nestjs/common';
import { TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { EffectLog } from './effect-log';

interface CrashPayload {
  readonly how: 'exit' | 'abort' | 'kill' | 'throwLate';
  /** So many of the first attempts crash. */
  readonly times: number;
}

/** Takes its whole process down. */
@Injectable()
@TaskHandler('crash')
export class CrashHandler implements Handler<CrashPayload, object> {
  constructor(private readonly effects: EffectLog) {}

  async handle({ how, times }: CrashPayload, { task, attempt }: TaskContext): Promise<object> {
    this.effects.write({ kind: 'start', taskId: task.taskId, attempt, ...(attempt <= times ? { crashes: true } : {}) });
    if (attempt <= times) crash(how);
    return { attempt };
  }
}

function crash(how: CrashPayload['how']): void {
  switch (how) {
    case 'exit':
      return process.exit(0);
    case 'abort':
      return process.abort();
    case 'kill':
      process.kill(process.pid, 'SIGKILL');
      return;
    case 'throwLate':
      setTimeout(() => {
        throw new Error('thrown when the handler had long returned');
      }, 5);
      return;
    default:
      return how satisfies never;
  }
}
