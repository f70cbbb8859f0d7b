import { Injectable } from '@nestjs/common';
import { TaskHandler, type Handler, type TaskContext } from '@millrace/runner';
import { EffectLog } from './effect-log';

interface HostilePayload {
  readonly how: keyof typeof TRICKS;
}

const proxied = new Proxy(new Error('proxied'), {
  get: () => {
    throw new Error('nobody reads this error');
  },
});

/** What handlers do that nobody should; each must end as its own outcome and harm no other task. */
const TRICKS = {
  throwUndefined: () => raise(undefined),
  throwNull: () => raise(null),
  throwText: () => raise('just text'),
  throwCircular: () => raise(circular()),
  throwProxy: () => {
    throw proxied;
  },
  throwNul: () => {
    throw new Error('a NUL \u0000 and half a pair \ud800');
  },
  unhandledRejection: () => {
    void Promise.reject(new Error('nobody waits for this'));
    return 'done';
  },
  returnNul: () => ({ text: 'a NUL \u0000 and half a pair \udc00' }),
  returnBig: () => 'x'.repeat(3 * 1024 * 1024),
  returnCircular: circular,
  returnBigInt: () => ({ big: 9_007_199_254_740_993n }),
  returnFunction: () => () => undefined,
  neverSettle: () => new Promise(() => undefined),
} as const satisfies Readonly<Record<string, () => unknown>>;

/** Misbehaves as its payload says. */
@Injectable()
@TaskHandler('hostile')
export class HostileHandler implements Handler<HostilePayload, unknown> {
  constructor(private readonly effects: EffectLog) {}

  async handle({ how }: HostilePayload, { task, attempt }: TaskContext): Promise<unknown> {
    this.effects.write({ kind: 'start', taskId: task.taskId, attempt });
    return TRICKS[how]();
  }
}

/** Throws what is no error: the way of a generator, as a plain `throw` of it has no place in good code. */
function raise(value: unknown): unknown {
  return (function* () {})().throw(value);
}

function circular(): object {
  const loop: Record<string, unknown> = {};
  loop['self'] = loop;
  return loop;
}
