import { explore } from './explore';

const MAX_STEPS = 120;
/** Sequences between two words about the progress. */
const SAY_EVERY = 10_000;

/** Tries so many sequences of steps on the model of the protocol. Answers whether its rules held in all of them. */
export async function exploreModel(runs: number, seed: number): Promise<boolean> {
  console.log(`Seed ${seed}; ${runs} sequences of up to ${MAX_STEPS} steps`);
  const startedAtMs = performance.now();
  let steps = 0;
  for (let done = 0; done < runs; done += SAY_EVERY) {
    const share = Math.min(SAY_EVERY, runs - done);
    try {
      steps += await explore({ runs: share, maxSteps: MAX_STEPS, seed: seed + done });
    } catch (error) {
      console.log(error);
      return false;
    }
    const seconds = Math.round((performance.now() - startedAtMs) / 1_000);
    console.log(`${done + share} sequences, ${steps} steps: every rule holds, and all come to rest (${seconds} s)`);
  }
  return true;
}
