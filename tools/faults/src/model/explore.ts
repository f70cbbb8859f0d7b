import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { comeToRest } from './healed';
import { Invariants } from './invariants';
import { memoryStores } from './memory-stores';
import { stepSequences, WORKERS, type Stage } from './steps';
import type { Stores } from './stores';
import { World } from './world';

export interface Exploration {
  /** Sequences of steps to try. */
  readonly runs: number;
  /** Most steps of one sequence. */
  readonly maxSteps: number;
  readonly seed: number;
  /** Real stores for a queue of its own, on which every step is played as well and must look the same. Default none. */
  readonly twin?: (queueName: string) => Stores;
  /** Whether a sequence that breaks a rule is made as short as possible, which takes many more runs. Default `shortest`. */
  readonly report?: 'shortest' | 'first';
}

/**
 * Plays random sequences of steps on the model of the protocol. After every step its invariants must hold, and after the
 * last one everything must come to rest. Answers how many steps that were; throws with a sequence that breaks a rule.
 */
export async function explore({ runs, maxSteps, seed, twin, report = 'shortest' }: Exploration): Promise<number> {
  const exploration = randomUUID().slice(0, 8);
  let sequences = 0;
  let steps = 0;
  const property = fc.asyncProperty(stepSequences(maxSteps), async (sequence) => {
    const queueName = `model-${exploration}-${(sequences += 1)}`;
    const model = new World(memoryStores(queueName), queueName, WORKERS);
    const real = twin && new World(twin(queueName), queueName, WORKERS);
    const stage: Stage = { invariants: new Invariants(model), twin: real, compare, played: () => (steps += 1) };
    await fc.asyncModelRun(() => ({ model, real: stage }), sequence);
    await comeToRest(model, WORKERS);
    if (real) await comeToRest(real, WORKERS);
  });
  await fc.assert(property, { numRuns: runs, seed, endOnFailure: report === 'first' });
  return steps;
}

/** Plays the same steps on the model and on real stores; throws at the first one after which they look different. */
export async function playTwin(
  steps: readonly ((world: World) => Promise<void>)[],
  twin: (queueName: string) => Stores,
): Promise<void> {
  const queueName = `model-${randomUUID().slice(0, 8)}`;
  const model = new World(memoryStores(queueName), queueName, WORKERS);
  const real = new World(twin(queueName), queueName, WORKERS);
  for (const step of steps) {
    await step(model);
    await step(real);
    await compare(model, real);
  }
}

async function compare(model: World, twin: World): Promise<void> {
  const [expected, found] = await Promise.all([model.stores.look(), twin.stores.look()]);
  if (isDeepStrictEqual(found, expected)) return;
  throw new Error(`the stores differ from the model:\n${JSON.stringify(found)}\nand not\n${JSON.stringify(expected)}`);
}
