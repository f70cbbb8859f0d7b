import type { Verdict } from './check';
import type { Load } from './load';
import type { Nemesis } from './nemesis';
import type { Operators } from './operators';
import type { Random } from './random';
import type { Testbed, TestbedOptions } from './testbed';

/** What a scenario works with. */
export interface ScenarioContext {
  readonly testbed: Testbed;
  readonly nemesis: Nemesis;
  readonly load: Load;
  readonly operators: Operators;
  readonly random: Random;
  /** How often the fault is to happen, and how many tasks are to be submitted meanwhile. */
  readonly cycles: number;
  readonly tasks: number;
  /** Tells the person who watches how far it is. */
  readonly say: (text: string) => void;
}

/** What a scenario found out by itself, beside what the checker finds. */
export interface Observations {
  /** Figures for the report. */
  readonly measures?: Readonly<Record<string, number>>;
  /** Expectations of the scenario's own that did not hold. */
  readonly complaints?: readonly string[];
}

export interface Size {
  readonly cycles: number;
  readonly tasks: number;
}

/** One kind of fault, played on a platform under load. */
export interface Scenario {
  /** Its row of the fault matrix in `docs/reliability.md`. */
  readonly row: string;
  readonly name: string;
  /** What happens and what must hold, in a sentence. */
  readonly promise: string;
  readonly testbed?: TestbedOptions;
  /** How large it is unless told otherwise. */
  readonly long: Size;
  /** Why this machine cannot play it; undefined when it can. */
  unavailable?(): string | undefined;
  /** Plays the fault; whatever it leaves broken is healed afterwards. */
  run(context: ScenarioContext): Promise<Observations>;
  /** Removes what the scenario made outside of its testbed, which has ended by then. */
  cleanUp?(): Promise<void>;
  /** What must hold of the figures besides the rules that hold for every run; answers what does not. */
  expects?(verdict: Verdict): string[];
}
