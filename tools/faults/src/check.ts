import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { workspaceRoot } from '@millrace/stack';
import { REDIS_PREFIX, type Testbed } from './testbed';

/** The figures of a run, as the checker counts them. */
export interface RunCounts {
  readonly promised: number;
  readonly unknown: number;
  readonly refused: number;
  readonly recorded: number;
  readonly starts: number;
  readonly extraStarts: number;
  readonly outcomes: Readonly<Record<string, number>>;
  readonly statuses: Readonly<Record<string, number>>;
  readonly faults: number;
  readonly wishes: Readonly<Record<string, number>>;
  readonly slots?: Readonly<Record<'expected' | 'missed' | 'doubled' | 'latestMs', number>>;
  readonly functions?: Readonly<Record<'runs' | 'givenUp' | 'skipped' | 'longestGivenUpMs', number>>;
}

/** What the checker answers. */
export interface Verdict {
  readonly ok: boolean;
  readonly counts: RunCounts;
  readonly findingCount: number;
  readonly findings: readonly { readonly rule: string; readonly taskId?: string; readonly text: string }[];
  /** The lives of the first tasks that a finding is about. */
  readonly timelines: Readonly<Record<string, readonly string[]>>;
}

const CHECKER = join('dist', 'tools', 'faults', 'checker', 'main.js');
const CHECK_MS = 120_000;
/** After the last task has ended, Redis may still hold hints about it for so long. */
const LEFTOVERS_MS = 60_000;
const AGAIN_MS = 2_000;

/**
 * Lets the checker, a process that knows nothing of the product, judge a platform at rest. Hints in Redis may take a
 * moment longer to go than the tasks themselves.
 */
export async function check(testbed: Testbed): Promise<Verdict> {
  const giveUpAtMs = performance.now() + LEFTOVERS_MS;
  for (;;) {
    const verdict = await judge(testbed);
    const transient = verdict.findings.every(({ rule }) => rule === 'no leftovers');
    if (verdict.ok || !transient || performance.now() > giveUpAtMs) return verdict;
    await sleep(AGAIN_MS);
  }
}

async function judge({ folder, postgres, redis, apiUrls }: Testbed): Promise<Verdict> {
  const order = join(folder, 'order.json');
  const facts = { folder, databaseUrl: postgres.url, redisUrl: redis.url, redisPrefix: REDIS_PREFIX, apiUrls };
  writeFileSync(order, JSON.stringify(facts), { mode: 0o600 });
  const checker = spawn(process.execPath, [join(workspaceRoot, CHECKER), order], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: CHECK_MS,
  });
  let output = '';
  checker.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [code] = (await once(checker, 'close')) as [number | null];
  if (code !== 0 && code !== 1) throw new Error(`The checker could not judge (exit code ${code ?? 'none'})`);
  return JSON.parse(output) as Verdict;
}
