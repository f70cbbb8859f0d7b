import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Evidence } from './records';

const MOST_LINES = 200;

interface Event {
  readonly mono: number;
  readonly text: string;
}

/** The life of one task out of all logs, in order of time, with the faults around it. */
export function timeline(taskId: string, evidence: Evidence, folder: string): string[] {
  const { submits, effects, faults, attempts, wishes, audit } = evidence;
  const ops = new Set(
    submits.flatMap((line) => (line.kind === 'invoke' && line.ids.includes(taskId) ? [line.op] : [])),
  );
  const offsetMs = clockOffsetMs(evidence);
  const own: Event[] = [
    ...submits
      .filter(({ op }) => ops.has(op))
      .map((line) => ({ mono: line.mono, text: `submitter ${describe(line)}` })),
    ...effects
      .filter(({ task_id }) => task_id === taskId)
      .map((line) => ({ mono: line.mono, text: `handler in ${line.pid}: ${describe(line)}` })),
    ...attempts
      .filter(({ task_id }) => task_id === taskId)
      .map((row) => ({
        mono: row.finished_at - offsetMs,
        text: `record: attempt ${row.attempt} of ${row.worker_id ?? 'nobody'} ${row.outcome}`,
      })),
  ];
  const wished = new Set(
    wishes.flatMap((line) => (line.kind === 'wish' && line.task_id === taskId ? [line.wish] : [])),
  );
  own.push(
    ...wishes
      .filter(({ wish }) => wished.has(wish))
      .map((line) => ({ mono: line.mono, text: `operator ${describe(line)}` })),
    ...audit
      .filter(({ task_id }) => task_id === taskId)
      .map(({ at, action }) => ({ mono: at - offsetMs, text: `record: ${action} by an operator` })),
  );
  const from = Math.min(...own.map(({ mono }) => mono));
  const around = faults.filter(({ mono }) => mono >= from - 1_000);
  const events = [...own, ...around.map((line) => ({ mono: line.mono, text: `nemesis: ${line.what}` }))];
  const lines = events
    .sort((a, b) => a.mono - b.mono)
    .slice(0, MOST_LINES)
    .map(({ mono, text }) => `${((mono - from) / 1_000).toFixed(3).padStart(9)} s  ${text}`);
  return [...lines, ...serviceLines(taskId, folder)];
}

/** What the services themselves said about it. */
function serviceLines(taskId: string, folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.log'))
    .flatMap((name) =>
      readFileSync(join(folder, name), 'utf8')
        .split('\n')
        .filter((line) => line.includes(`"${taskId}"`) || line.includes(`=${taskId}`))
        .map((line) => `           ${name}: ${line.slice(0, 400)}`),
    )
    .slice(0, MOST_LINES);
}

/** From the monotonic clock to that of the database, which runs on the same machine. */
function clockOffsetMs({ submits, faults }: Evidence): number {
  const [line] = [...submits, ...faults];
  return line ? line.wall - line.mono : 0;
}

/** Without the times, which stand before it, and without the other tasks of the same request. */
function describe(line: object): string {
  const left = new Set(['mono', 'wall', 'ids', 'expect']);
  return JSON.stringify(Object.fromEntries(Object.entries(line).filter(([name]) => !left.has(name))));
}
