import { once } from 'node:events';
import { Worker as Thread } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, ServiceProcess } from '@millrace/testing';
import rescuer from '../rescue-expired.fixture?thread';
import { freePort, openTrickBench, type TrickBench } from './trick-bench.fixture';
import { TRICK_HANDLERS, type Trick } from './tricks.fixture';

const PATIENCE_MS = 90_000;
const SLOW_TEST = { timeout: 150_000 };

let bench: TrickBench;
let rescues: Thread;

beforeAll(async () => {
  bench = await openTrickBench();
  const { databaseUrl, redisUrl, prefix } = bench;
  rescues = new Thread(rescuer, {
    eval: true,
    workerData: { moduleUrl: import.meta.url, databaseUrl, redisUrl, prefix, queue: 'default' },
  });
  await once(rescues, 'message');
}, 120_000);

afterAll(async () => {
  await rescues.terminate();
  await bench.close();
});

async function startProcess(): Promise<ServiceProcess> {
  const port = await freePort();
  return ServiceProcess.start('tricks', port, { ...bench.env, TRICK_PORT: String(port) }, { bundle: bench.bundle });
}

async function submit(type: string, how: Trick, queue = 'default'): Promise<string> {
  return (await bench.submitter.submit(type, { how }, { maxRetry: 0, queue })).taskId;
}

describe('a task that was lost twice with its worker', SLOW_TEST, () => {
  it('runs alone, fails when it takes that process down too, and those lost along with it succeed', async () => {
    const culprit = await submit('plain', 'kill');
    const bystanders = await Promise.all(Array.from({ length: 3 }, () => submit('plain', 'stand')));

    for (const lost of [1, 2]) {
      // It may be gone before it was ready.
      await startProcess().then(
        (worker) => worker.exited(),
        () => null,
      );
      for (const taskId of [culprit, ...bystanders])
        await bench.rowWhen(taskId, ({ crashCount }) => crashCount === lost, PATIENCE_MS);
    }
    const survivor = await startProcess();

    const row = await bench.rowWhen(culprit, undefined, PATIENCE_MS);
    expect(row).toMatchObject({ status: 'failed', errorCode: 'worker_crashed', attempt: 3, crashCount: 3 });
    expect(row.errorMessage).toBe('The isolated process was ended by SIGKILL');
    for (const taskId of bystanders) {
      const bystander = await bench.rowWhen(taskId, undefined, PATIENCE_MS);
      expect(bystander).toMatchObject({ status: 'success', attempt: 3, crashCount: 2, retryCount: 0 });
      expect(bystander.result).not.toBe(survivor.pid);
    }
    expect(survivor.running).toBe(true);
    expect(await survivor.kill('SIGTERM')).toBe(0);
  });
});

describe('an isolated attempt', SLOW_TEST, () => {
  it('whose worker is gone ends as well, though it gives its event loop no turn', async () => {
    const worker = await startProcess();
    const taskId = await submit('in_process', 'loopLater');
    const { progress } = await bench.rowWhen(taskId, (row) => row.progress !== null, PATIENCE_MS);
    const pid = Number(progress);
    expect(isAlive(pid)).toBe(true);

    await worker.kill('SIGKILL');

    await eventually(() => expect(isAlive(pid)).toBe(false), 20_000);
    await bench.control.cancel(taskId);
    await bench.rowWhen(taskId, undefined, PATIENCE_MS);
  });

  it('is handed back by a shutdown, which spends nothing and leaves nothing running', async () => {
    const queues = new Map([['handed_back', 1]]);
    const worker = await bench.startWorker(TRICK_HANDLERS, { queues, shutdownTimeoutMs: 100 }, bench.program);
    const taskId = await submit('in_process', 'loopLater', 'handed_back');
    const { progress } = await bench.rowWhen(taskId, (row) => row.progress !== null, PATIENCE_MS);

    await worker.stop();

    expect(await bench.queries.findByTaskId(taskId)).toMatchObject({ status: 'pending', attempt: 1, crashCount: 0 });
    expect((await bench.store.attempts.ofTask(taskId)).map(({ outcome }) => outcome)).toEqual(['interrupted']);
    expect(isAlive(Number(progress))).toBe(false);
  });

  it('whose cell does not start is put off, and spends nothing', async () => {
    process.env['TRICK_BROKEN'] = 'true';
    const queues = new Map([['broken', 1]]);
    await bench.startWorker(TRICK_HANDLERS, { queues }, bench.program);
    const taskId = await submit('in_process', 'stand', 'broken');

    const row = await bench.rowWhen(
      taskId,
      ({ status, attempt }) => status === 'pending' && attempt === 1,
      PATIENCE_MS,
    );
    delete process.env['TRICK_BROKEN'];

    expect(row).toMatchObject({ retryCount: 0, crashCount: 0 });
    expect(row.runAt.getTime() - row.updatedAt.getTime()).toBe(30_000);
  });
});

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
