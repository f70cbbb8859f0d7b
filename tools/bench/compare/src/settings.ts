import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Form, ScenarioName } from './scenario';
import { SCENARIOS } from './scenarios';
import { SYSTEMS, type SystemName } from './systems';

/** What is measured. */
export interface BenchSettings {
  readonly form: Form;
  readonly scenarios: readonly ScenarioName[];
  readonly systems: readonly SystemName[];
  readonly rounds: number;
  /** Tasks of `drain-large`; the scenario's own number when absent. */
  readonly large: number | undefined;
  /** File that gets everything that was found, as JSON. */
  readonly report: string | undefined;
  /** Report to make docs/benchmarks.md from, instead of measuring. */
  readonly publish: string | undefined;
}

/** The arguments are wrong; the message is for the person who started it. */
export class InvalidSettings extends Error {}

const ROUNDS: Readonly<Record<Form, number>> = { full: 5, smoke: 1 };

/** Reads the arguments. Throws `InvalidSettings`. */
export function readSettings(args: readonly string[]): BenchSettings {
  const values = parsed(args);
  const form = oneOf('--form', values.form, ['full', 'smoke'] as const);
  const names = SCENARIOS.map(({ name }) => name);
  const systems = Object.keys(SYSTEMS) as SystemName[];
  const peers = systems.filter((system) => SYSTEMS[system].side === 'peer');
  return {
    form,
    scenarios: listOf('--scenario', values.scenario, names),
    systems: [
      ...systems.filter((system) => !peers.includes(system)),
      ...(values.peers === 'none' ? [] : listOf('--peers', values.peers, peers)),
    ],
    rounds: wholeNumber('--rounds', values.rounds ?? String(ROUNDS[form]), { min: 1, max: 100 }),
    large:
      values.large === undefined ? undefined : wholeNumber('--large', values.large, { min: 1_000, max: 10_000_000 }),
    report: fileOf(values.report),
    publish: fileOf(values.publish),
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        form: { type: 'string', default: 'full' },
        scenario: { type: 'string' },
        peers: { type: 'string' },
        rounds: { type: 'string' },
        large: { type: 'string' },
        report: { type: 'string' },
        publish: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new InvalidSettings(error instanceof Error ? error.message : String(error));
  }
}

/** As seen from where the person is, who may have started it in any folder of the repository. */
function fileOf(path: string | undefined): string | undefined {
  return path === undefined ? undefined : resolve(process.env['INIT_CWD'] ?? '.', path);
}

function listOf<T extends string>(name: string, text: string | undefined, known: readonly T[]): T[] {
  if (text === undefined) return [...known];
  return text.split(',').map((item) => oneOf(name, item.trim(), known));
}

function oneOf<T extends string>(name: string, text: string, known: readonly T[]): T {
  const found = known.find((value) => value === text);
  if (found !== undefined) return found;
  throw new InvalidSettings(`${name} must be of ${known.join(', ')}; got ${JSON.stringify(text)}`);
}

function wholeNumber(name: string, text: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const number = Number(text);
  if (/^\d{1,10}$/.test(text) && number >= min && number <= max) return number;
  throw new InvalidSettings(`${name} must be a whole number from ${min} to ${max}; got ${text}`);
}
