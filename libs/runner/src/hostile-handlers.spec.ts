import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { handlerOf, openWorkbench, type Script, type TestWorker, type Workbench } from './worker.fixture';

const circular: Record<string, unknown> = {};
circular['self'] = circular;

const trap = {
  get message(): string {
    throw new Error('from a getter');
  },
};

/** What handlers throw or return that no record can hold as it is. */
const THROWN: Readonly<Record<string, unknown>> = {
  nothing: undefined,
  null: null,
  text: 'just text',
  number: 0,
  circular,
  getter: Object.defineProperty(new Error('x'), 'message', { get: () => trap.message }),
  function: () => 1,
  nul: new Error('a \0 and a \ud800'),
  untouchable: new Proxy(
    {},
    {
      getPrototypeOf: () => {
        throw new Error('from a trap');
      },
    },
  ),
  frozen: Object.freeze(new Error('frozen')),
};
const RETURNED: Readonly<Record<string, unknown>> = {
  bigint: 12345678901234567890n,
  nested_bigint: { n: 1n },
  circular,
  function: () => 1,
  symbol: Symbol('s'),
  nul: { text: 'a \0 and a \ud800' },
  getter: trap,
  huge: 'x'.repeat(3_000_000),
  thenable: {
    then: (resolve: (value: unknown) => void) => {
      resolve('a value');
      throw new Error('and then an error');
    },
  },
};

describe('a handler that misbehaves', () => {
  let bench: Workbench;
  let worker: TestWorker;

  const pick =
    (act: (name: string) => unknown): Script =>
    (payload) =>
      act((payload as { name: string }).name);

  beforeAll(async () => {
    bench = await openWorkbench();
    worker = await bench.startWorker(
      [
        handlerOf(
          'throw',
          pick((name) => {
            throw THROWN[name];
          }),
        ),
        handlerOf(
          'return',
          pick((name) => RETURNED[name]),
        ),
        handlerOf('deaf', () => new Promise(() => undefined), { timeout: '50ms' }),
        handlerOf('echo', (payload) => payload),
      ],
      { workers: 4 },
    );
  });

  afterAll(() => bench.close());

  it.each(Object.keys(THROWN))('fails alone when it throws: %s', async (name) => {
    const { taskId } = await bench.submitter.submit('throw', { name }, { maxRetry: 0 });

    const row = await bench.rowWhen(taskId);
    expect(row).toMatchObject({ status: 'failed', errorCode: 'handler_error' });
    expect(row.errorMessage).toBeTruthy();
  });

  it.each(Object.keys(RETURNED))('succeeds with a result that can be recorded when it returns: %s', async (name) => {
    const { taskId } = await bench.submitter.submit('return', { name }, { maxRetry: 0 });

    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success' });
  });

  it('is recorded without when it ignores its signal, and other tasks go on', async () => {
    const deaf = await Promise.all(
      Array.from({ length: 4 }, () => bench.submitter.submit('deaf', {}, { maxRetry: 0 })),
    );

    for (const { taskId } of deaf) {
      expect(await bench.rowWhen(taskId, undefined, 30_000)).toMatchObject({ status: 'failed', errorCode: 'timeout' });
    }
    const { taskId } = await bench.submitter.submit('echo', 'still here');
    expect(await bench.rowWhen(taskId)).toMatchObject({ status: 'success', result: 'still here' });
    expect((await worker.worker.stats()).workers).toMatchObject({ leaked: 4, total: 4 });
  });
});
