import { execFileSync } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpillFolder, SpillFull, type SpillFile } from './spill-folder';
import type { SpilledOutcome } from './spilled-outcome';

const LATER_MS = 120_000;

let folder: string;
let spill: SpillFolder;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'millrace-spill-'));
  spill = spillOf('worker');
});

afterEach(() => rm(folder, { recursive: true, force: true }));

function outcome(id: number): SpilledOutcome {
  return {
    queue: 'default',
    token: `token ${id}`,
    record: {
      id,
      taskId: `task-${id}`,
      attempt: 1,
      workerId: 'worker',
      outcome: 'succeeded',
      status: 'success',
      resultJson: '{"text":"line\\nbreak \u2028"}',
      errorMessage: null,
      errorCode: null,
      retryCount: 0,
      crashCount: 0,
      delayMs: null,
    },
  };
}

async function outcomesOf(file: SpillFile | null): Promise<SpilledOutcome[]> {
  const outcomes: SpilledOutcome[] = [];
  for await (const batch of file?.batches() ?? []) outcomes.push(...batch);
  return outcomes;
}

const spillOf = (workerId: string, limitBytes = 1_000_000) =>
  new SpillFolder({ folder: join(folder, 'made', 'when needed'), limitBytes, workerId });

/** Lets this process write no file beyond so many bytes. */
const limitFiles = (bytes: number | 'unlimited') =>
  execFileSync('prlimit', [`--pid=${process.pid}`, `--fsize=${bytes}:`]);

const names = () => readdir(join(folder, 'made', 'when needed'));

describe('the spill folder', () => {
  it('gives back what was written, in its order, and nothing once it is removed', async () => {
    const outcomes = Array.from({ length: 450 }, (_, id) => outcome(id));
    await spill.write(outcomes);

    const file = await spill.take();
    expect(await outcomesOf(file)).toEqual(outcomes);
    await file?.remove();

    expect(await names()).toEqual([]);
    expect(await spill.take(Date.now() + LATER_MS)).toBeNull();
  });

  it('is empty as long as it does not exist', async () => {
    expect(await spill.take()).toBeNull();
  });

  it('never gives one file to two at once', async () => {
    await spill.write([outcome(1)]);
    await spill.write([outcome(2)]);

    const others = Array.from({ length: 4 }, (_, index) => spillOf(`worker-${index}`));
    const taken = await Promise.all(others.map((other) => other.take()));

    const outcomes = (await Promise.all(taken.map(outcomesOf))).flat();
    expect(outcomes.map(({ record }) => record.id).sort()).toEqual([1, 2]);
    expect(await spill.take()).toBeNull();
  });

  it('gives a file again that was given back, or whose replay died a minute ago', async () => {
    await spill.write([outcome(1)]);

    await (await spill.take())?.giveBack();
    const second = await spill.take();
    expect(await spill.take()).toBeNull();
    const third = await spill.take(Date.now() + LATER_MS);

    expect(second).not.toBeNull();
    expect(await outcomesOf(third)).toEqual([outcome(1)]);
  });

  it('ignores a torn last line and what is no outcome', async () => {
    await spill.write([outcome(1), outcome(2)]);
    const [name = ''] = await names();
    const path = join(folder, 'made', 'when needed', name);
    await appendFile(
      path,
      `{"queue":"default","token":"t","record":{"id":"3"}}\n${JSON.stringify(outcome(4)).slice(0, 80)}`,
    );

    const file = await spill.take();

    expect(await outcomesOf(file)).toEqual([outcome(1), outcome(2)]);
    expect(file?.unreadable).toBe(2);
  });

  it('reads what a writer left behind that died, but not while it may still write', async () => {
    await spill.write([]);
    await (await spill.take())?.remove();
    await writeFile(join(folder, 'made', 'when needed', 'dead.writing'), `${JSON.stringify(outcome(1))}\n{"que`);

    expect(await spill.take()).toBeNull();
    expect(await outcomesOf(await spill.take(Date.now() + LATER_MS))).toEqual([outcome(1)]);
  });

  it('refuses what would make it too large', async () => {
    const small = spillOf('worker', 1_000);
    await small.write([outcome(1)]);

    await expect(small.write([outcome(2), outcome(3), outcome(4)])).rejects.toThrow(SpillFull);

    expect(await names()).toHaveLength(1);
  });

  it('knows whose outcomes are yet to be recorded, also while they are replayed', async () => {
    await spill.write([outcome(1)]);
    expect(await Promise.all([spill.hasOwn(), spillOf('other').hasOwn()])).toEqual([true, false]);

    const file = await spillOf('other').take();
    expect(await spill.hasOwn()).toBe(true);
    await file?.remove();

    expect(await spill.hasOwn()).toBe(false);
  });

  it('shows what waits to be replayed without taking it', async () => {
    await spill.write([outcome(1)]);
    await spill.write([outcome(2)]);
    const taken = await spill.take();

    const seen: SpilledOutcome[] = [];
    for await (const batch of spill.waiting()) seen.push(...batch);

    const [left] = await outcomesOf(await spill.take());
    expect(seen).toEqual([left]);
    await taken?.remove();
  });
});

it.runIf(process.platform === 'linux')('a write that fails half way leaves nothing behind', async () => {
  const many = Array.from({ length: 100 }, (_, id) => outcome(id));
  limitFiles(4_096);
  try {
    await expect(spill.write(many)).rejects.toMatchObject({ code: 'EFBIG' });
  } finally {
    limitFiles('unlimited');
  }

  expect(await names()).toEqual([]);
  expect(await spill.hasOwn()).toBe(false);
});
