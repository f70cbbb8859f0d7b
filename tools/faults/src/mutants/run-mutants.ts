import { join } from 'node:path';
import { MUTANTS, type Mutant } from '@millrace/contracts';
import { buildWithFaultPoints, FAULT_BUNDLES } from '../fault-builds';
import { readable } from '../report';
import { forgetLogs, runScenario, type ScenarioResult } from '../run-scenario';
import type { TestbedOptions } from '../testbed';
import { TRIALS, type Trial } from './trials';

/** What came of one mutant; `undefined` is the platform as it should be. */
interface Encounter {
  readonly mutant: Mutant | undefined;
  readonly ok: boolean;
}

/**
 * Checks the checker: plays each trial on the platform as it is, which must pass, and on each mutant, which must not.
 * `only` names mutants; empty means all. Answers whether all of it came out so.
 */
export async function runMutants(
  only: readonly string[],
  { seed, logs }: { readonly seed: number; readonly logs: string },
): Promise<boolean> {
  await buildWithFaultPoints();
  const encounters: Encounter[] = [];
  for (const trial of TRIALS) {
    const mutants = trial.mutants.filter((mutant) => only.length === 0 || only.includes(mutant));
    if (mutants.length === 0) continue;
    for (const mutant of [undefined, ...mutants]) {
      encounters.push(await meet(trial, mutant, { seed, logs }).catch((error: unknown) => broken(mutant, error)));
    }
  }
  const caught = encounters.filter(({ mutant, ok }) => mutant !== undefined && ok).length;
  const all = encounters.filter(({ mutant }) => mutant !== undefined).length;
  console.log(`${caught} of ${all} mutants were caught`);
  return encounters.length > 0 && encounters.every(({ ok }) => ok);
}

async function meet(
  { scenario, where }: Trial,
  mutant: Mutant | undefined,
  { seed, logs }: { readonly seed: number; readonly logs: string },
): Promise<Encounter> {
  const env = mutant === undefined ? {} : { MUTANT: mutant };
  const testbed: TestbedOptions = {
    ...scenario.testbed,
    bundles: join('dist', FAULT_BUNDLES),
    ...(where === 'workers' ? { workerEnv: env } : { env: { ...scenario.testbed?.env, ...env } }),
  };
  const result = await runScenario({ ...scenario, testbed }, { seed, logs, ...scenario.long });
  forgetLogs({ ...result, ok: result.ok === (mutant === undefined) });
  if (mutant === undefined) {
    console.log(result.ok ? `as it is    ${scenario.name}` : readable(result));
    return { mutant, ok: result.ok };
  }
  console.log(`${result.ok ? 'NOT CAUGHT' : 'caught    '}  ${mutant} (${MUTANTS[mutant]}): ${evidence(result)}`);
  return { mutant, ok: !result.ok };
}

/** What goes wrong with the harness itself says nothing about the mutant. */
function broken(mutant: Mutant | undefined, error: unknown): Encounter {
  console.log(`broken      ${mutant ?? 'as it is'}`, error);
  return { mutant, ok: false };
}

/** By what a mutant gave itself away: what the scenario complains of, and the first finding of each rule. */
function evidence({ complaints, verdict, name, folder }: ScenarioResult): string {
  const byRule = new Map([...verdict.findings].reverse().map(({ rule, text }) => [rule, text]));
  const signs = [...complaints, ...[...byRule].map(([rule, text]) => `${rule}: ${text}`)];
  return signs.length > 0 ? `${name}, ${signs.join('; ')}` : `${name} passes; logs: ${folder}`;
}
