import { createHash } from 'node:crypto';
import type { Json } from '@millrace/contracts';
import { invalidRequest } from '@millrace/runtime';
import { parseCrontab, type CrontabJob } from './crontab';
import { MAX_SET, type ScheduleSet, type SetEntry } from './schedule-set';

/** How the lines of a crontab become schedules. */
export interface CrontabOptions {
  /** Of the tasks. */
  readonly type: string;
  readonly queue?: string | undefined;
  /** Of lines above the first `CRON_TZ`. */
  readonly timezone?: string | undefined;
  readonly prefix?: string | undefined;
  readonly dryRun: boolean;
  readonly prune: boolean;
}

const SLUG_CHARS = 40;

/**
 * One schedule a line, whose payload is `{command}`, with `stdin` and `env` where the line has them. The name comes from the
 * command alone, so that the same crontab gives the same names, whatever its times and the order of its lines.
 *
 * Throws a 400 that names every line that is wrong.
 */
export function setOfCrontab(text: string, options: CrontabOptions): ScheduleSet {
  const { prefix = '', dryRun, prune, timezone } = options;
  const { jobs, faults } = parseCrontab(text, timezone);
  if (faults.length > 0) throw invalidRequest(faults);
  if (jobs.length > MAX_SET) {
    throw invalidRequest([{ field: '', message: `must hold at most ${MAX_SET} lines that run a command` }]);
  }
  const taken = new Map<string, number>();
  const entries = jobs.map((job) => {
    const base = prefix + nameOf(job);
    const count = (taken.get(base) ?? 0) + 1;
    taken.set(base, count);
    return entryOf(job, count === 1 ? base : `${base}-${count}`, options);
  });
  return { entries, dryRun, prune, prefix };
}

function entryOf(
  { line, cron, timezone, command, stdin, env }: CrontabJob,
  name: string,
  options: CrontabOptions,
): SetEntry {
  const payload: Json = {
    command,
    ...(stdin === null ? {} : { stdin }),
    ...(Object.keys(env).length === 0 ? {} : { env }),
  };
  const { type, queue } = options;
  return {
    name,
    input: { type, payload, cron, timezone, ...(queue === undefined ? {} : { queue }) },
    paused: undefined,
    version: undefined,
    faults: [],
    fieldOf: (field) => `line ${line} ${field}`,
  };
}

/** `backup-sh-full-1a2b3c4d`. */
function nameOf({ command, stdin }: CrontabJob): string {
  const words = command.toLowerCase().replace(/[^a-z0-9]+/g, '-');
  const slug = words.slice(0, SLUG_CHARS).replace(/^-|-$/g, '');
  const hash = createHash('sha256')
    .update(`${command}\n${stdin ?? ''}`)
    .digest('hex')
    .slice(0, 8);
  return slug === '' ? `command-${hash}` : `${slug}-${hash}`;
}
