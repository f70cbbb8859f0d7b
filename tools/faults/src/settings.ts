import { parseArgs } from 'node:util';

/** What a run of the suite is to do. */
export interface FaultSettings {
  /** Names or rows of scenarios; empty means all. */
  readonly scenarios: readonly string[];
  /**
   * What is to be checked: the platform; that mutants of it are noticed (`scenarios` names mutants then); or the model of
   * the protocol (`cycles` are sequences of steps then).
   */
  readonly subject: 'platform' | 'mutants' | 'model';
  readonly form: 'short' | 'long';
  readonly seed: number;
  /** Undefined: as the scenario says. */
  readonly cycles: number | undefined;
  readonly tasks: number | undefined;
  /** File that gets a line of JSON for each scenario; beside it a readable summary. */
  readonly report: string | undefined;
}

/** The arguments are wrong; the message is for the person who gave them. */
export class InvalidSettings extends Error {}

/** Reads the arguments of `npm run test:faults`. Throws `InvalidSettings`. */
export function readSettings(args: readonly string[]): FaultSettings {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ scenario: { ...text, multiple: true }, form: { ...text, default: 'long' }, seed: text },
      ...{ cycles: text, tasks: text, report: text },
      ...{ mutants: { type: 'boolean', default: false }, model: { type: 'boolean', default: false } },
    },
  });
  const { form, scenario = [], report } = values;
  if (form !== 'short' && form !== 'long') throw new InvalidSettings(`--form must be short or long; got ${form}`);
  return {
    scenarios: scenario.flatMap((names) => names.split(',')).filter((name) => name !== 'all'),
    subject: subjectOf(values),
    form,
    seed: wholeNumber('--seed', values.seed) ?? Math.floor(Math.random() * 1_000_000),
    cycles: wholeNumber('--cycles', values.cycles),
    tasks: wholeNumber('--tasks', values.tasks),
    report,
  };
}

function subjectOf({ mutants, model }: { mutants: boolean; model: boolean }): FaultSettings['subject'] {
  if (mutants && model) throw new InvalidSettings('--mutants and --model are two runs');
  if (mutants) return 'mutants';
  return model ? 'model' : 'platform';
}

function wholeNumber(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (Number.isInteger(number) && number >= 1 && number <= 10_000_000) return number;
  throw new InvalidSettings(`${name} must be a whole number from 1 to 10000000; got ${text}`);
}
