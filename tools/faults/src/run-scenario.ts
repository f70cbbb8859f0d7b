import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { AppendLog } from './append-log';
import { check, type Verdict } from './check';
import { drained, type Drain } from './drained';
import { Load } from './load';
import { Nemesis } from './nemesis';
import { Operators } from './operators';
import { Random } from './random';
import type { Observations, Scenario, Size } from './scenario';
import { Testbed, type TestbedOptions } from './testbed';

/** The exit code of a program that a signal has ended. */
const INTERRUPTED = 130;

export interface RunOptions extends Size {
  readonly seed: number;
  /** Folder in which each run keeps its logs. */
  readonly logs: string;
  /** Added to the scenario's own. */
  readonly testbed?: TestbedOptions;
  readonly say?: (text: string) => void;
}

/** How a scenario went. */
export interface ScenarioResult extends Size {
  readonly row: string;
  readonly name: string;
  readonly seed: number;
  readonly ok: boolean;
  readonly seconds: number;
  readonly drain: Drain;
  readonly verdict: Verdict;
  readonly measures: Readonly<Record<string, number>>;
  readonly complaints: readonly string[];
  /** Where the logs are; removed when all is well. */
  readonly folder: string;
}

/** Plays one scenario on a platform of its own, heals it, waits for it to come to rest, and lets the checker judge it. */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioResult> {
  const startedAtMs = performance.now();
  const folder = join(options.logs, `${scenario.row}-${scenario.name}-${Date.now().toString(36)}-${process.pid}`);
  let testbed: Testbed | undefined;
  const release = stopAtSignal(() => testbed?.stop());
  try {
    testbed = await Testbed.start(folder, { ...scenario.testbed, ...options.testbed });
    const seen = await play(testbed, scenario, options);
    const complaints = [...complaintsOf(seen), ...(scenario.expects?.(seen.verdict) ?? [])];
    const ok = seen.verdict.ok && complaints.length === 0;
    const { seed, cycles, tasks } = options;
    const seconds = Math.round((performance.now() - startedAtMs) / 100) / 10;
    const { drain, verdict, measures = {} } = seen;
    const { row, name } = scenario;
    return { row, name, seed, cycles, tasks, ok, seconds, drain, verdict, measures, complaints, folder };
  } finally {
    await testbed?.stop();
    await scenario.cleanUp?.();
    release();
  }
}

/** Removes the logs of a run that needs no explanation. */
export function forgetLogs({ ok, folder }: ScenarioResult): void {
  if (ok) rmSync(folder, { recursive: true, force: true });
}

type Seen = Observations & { readonly drain: Drain; readonly verdict: Verdict };

async function play(testbed: Testbed, scenario: Scenario, options: RunOptions): Promise<Seen> {
  const { seed, cycles, tasks, say = () => undefined } = options;
  mkdirSync(join(testbed.folder, 'spill'), { recursive: true });
  const submits = new AppendLog(join(testbed.folder, 'submits.jsonl'));
  const faults = new AppendLog(join(testbed.folder, 'nemesis.jsonl'));
  const wishes = new AppendLog(join(testbed.folder, 'wishes.jsonl'));
  try {
    const random = new Random(seed, scenario.name);
    const apiUrls = () => testbed.apiUrls;
    const operators = new Operators({ apiUrls, log: wishes, random });
    const load = new Load({ run: scenario.name, apiUrls, log: submits, random, operators });
    const nemesis = new Nemesis(testbed, faults);
    const observations = await scenario.run({ testbed, nemesis, load, operators, random, cycles, tasks, say });
    await operators.idle();
    nemesis.note('everything is healed');
    await testbed.heal();
    const drain = await drained(testbed.postgres.url);
    return { ...observations, drain, verdict: await check(testbed) };
  } finally {
    for (const log of [submits, faults, wishes]) log.close();
  }
}

function complaintsOf({ complaints = [], drain }: Seen): string[] {
  const found = [...complaints];
  if (drain.stuck > 0) found.push(`${drain.stuck} tasks were still held a minute after healing`);
  if (drain.ms === null) found.push(`nothing moved any more with ${drain.left} tasks left`);
  return found;
}

/** Whoever ends the run must not leave servers behind. */
function stopAtSignal(end: () => Promise<void> | undefined): () => void {
  const stop = () => {
    void Promise.resolve(end()).finally(() => process.exit(INTERRUPTED));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  return () => {
    process.off('SIGTERM', stop);
    process.off('SIGINT', stop);
  };
}
