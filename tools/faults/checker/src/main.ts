import { readFileSync } from 'node:fs';
import { readLogs } from './read-logs';
import { readLeftovers, readRecord } from './read-stores';
import type { Evidence } from './records';
import { judge, type Finding } from './rules';
import { summarize } from './summary';
import { timeline } from './timeline';

/** What the harness tells: where the logs are and where the stores answer. It is no part of the evidence. */
interface Order {
  readonly folder: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly apiUrls: readonly string[];
}

const SHOWN_FINDINGS = 50;
const SHOWN_TIMELINES = 3;

/**
 * Judges a run from outside: `node checker/main.js <order.json>` prints a verdict as JSON. Exit code 0: everything holds,
 * 1: something does not, anything else: it could not judge.
 */
process.once('uncaughtException', (error) => {
  console.error(error);
  process.exit(2);
});

const order = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as Order;
const evidence: Evidence = {
  ...(await readLogs(order.folder)),
  ...(await readRecord(order.databaseUrl)),
  stats: await Promise.all(order.apiUrls.map(readStats)),
  leftovers: await readLeftovers(order.redisUrl, order.redisPrefix),
};
const findings = judge(evidence);
const verdict = {
  ok: findings.length === 0,
  counts: summarize(evidence),
  findingCount: findings.length,
  findings: findings.slice(0, SHOWN_FINDINGS),
  timelines: timelinesOf(findings),
};
process.stdout.write(JSON.stringify(verdict), () => process.exit(verdict.ok ? 0 : 1));

async function readStats(apiUrl: string): Promise<Record<string, number>> {
  const response = await fetch(`${apiUrl}/api/v1/tasks/stats`);
  if (!response.ok) throw new Error(`GET /tasks/stats answered ${response.status}`);
  return (await response.json()) as Record<string, number>;
}

function timelinesOf(found: readonly Finding[]): Record<string, string[]> {
  const ids = [...new Set(found.flatMap(({ taskId }) => taskId ?? []))].slice(0, SHOWN_TIMELINES);
  return Object.fromEntries(ids.map((taskId) => [taskId, timeline(taskId, evidence, order.folder)]));
}
