import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable, type Type } from '@nestjs/common';
import type { TaskContext } from '../task-context';
import { TaskHandler, type Handler } from '../task-handler';
import { CHANNEL_FD } from './process-body';

/** What a handler of these specs does. */
export type Trick = keyof typeof TRICKS;

interface TrickPayload {
  readonly how: Trick;
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<Error>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason as Error)));

const messageOf = (act: () => unknown): Promise<string> =>
  Promise.resolve()
    .then(act)
    .then(
      () => 'nothing was thrown',
      (error: unknown) => (error as Error).constructor.name,
    );

const TRICKS = {
  /** Uses all that a handler is given. */
  everything: async (_payload: TrickPayload, { task, attempt, progress, submit }: TaskContext) => ({
    attempt,
    pid: process.pid,
    created: task.createdAt.toISOString(),
    nul: 'a NUL \0 and half a pair \ud800',
    big: 12_345_678_901_234_567_890n,
    submitted: (await submit('elsewhere', { from: 'a cell' }, { queue: 'nobody' })).taskId,
    badSubmit: await messageOf(() => submit('not a type!', {})),
    largeProgress: await messageOf(() => progress('x'.repeat(20_000))),
  }),
  fail: (_payload: TrickPayload, { progress }: TaskContext) => {
    for (let done = 1; done <= 100_000; done += 1) progress({ done });
    throw new TypeError('a NUL \0 and half a pair \ud800');
  },
  huge: () => '"'.repeat(3_000_000),
  exit: () => process.exit(0),
  kill: () => void process.kill(process.pid, 'SIGKILL'),
  throwLate: () => {
    setTimeout(() => {
      throw new Error('thrown in a timer');
    });
    return new Promise(() => undefined);
  },
  loop: (_payload: TrickPayload, { progress }: TaskContext) => {
    progress('unseen, because nothing leaves a loop');
    for (;;);
  },
  memory: () => {
    const kept: object[] = [];
    for (;;) kept.push({ at: kept.length });
  },
  stopWhenAsked: async (_payload: TrickPayload, { signal, progress }: TaskContext) => {
    progress('waiting');
    const reason = await untilAborted(signal);
    progress(reason.name);
    throw reason;
  },
  returnWhenAsked: async (_payload: TrickPayload, { signal, progress }: TaskContext) => {
    progress('waiting');
    return (await untilAborted(signal)).name;
  },
  neverStop: (_payload: TrickPayload, { progress }: TaskContext) => {
    progress('waiting');
    return new Promise(() => undefined);
  },
  /** Tells its process, and leaves its event loop no turn from then on. */
  loopLater: async (_payload: TrickPayload, { progress }: TaskContext) => {
    progress(process.pid);
    await sleep(500);
    for (;;);
  },
  /** Writes into the channel itself. */
  flood: () => {
    for (;;) writeSync(CHANNEL_FD, 'x'.repeat(64 * 1024));
  },
  /** Succeeds after a moment, with the process it ran in. */
  stand: async () => {
    await sleep(300);
    return process.pid;
  },
} as const satisfies Readonly<Record<string, (payload: TrickPayload, context: TaskContext) => unknown>>;

class TrickHandler implements Handler<TrickPayload> {
  handle(payload: TrickPayload, context: TaskContext): unknown {
    return TRICKS[payload.how](payload, context);
  }
}

@Injectable()
@TaskHandler('plain')
class PlainHandler extends TrickHandler {}

@Injectable()
@TaskHandler('in_process', { isolated: 'process' })
class ProcessHandler extends TrickHandler {}

@Injectable()
@TaskHandler('in_small_process', { isolated: 'process', memoryMiB: 96 })
class SmallProcessHandler extends TrickHandler {}

@Injectable()
@TaskHandler('in_thread', { isolated: 'thread' })
class ThreadHandler extends TrickHandler {}

@Injectable()
@TaskHandler('in_small_thread', { isolated: 'thread', memoryMiB: 96 })
class SmallThreadHandler extends TrickHandler {}

/** Does the same tricks in every way an attempt can run. */
export const TRICK_HANDLERS: readonly Type<Handler<never>>[] = [
  PlainHandler,
  ProcessHandler,
  SmallProcessHandler,
  ThreadHandler,
  SmallThreadHandler,
];
