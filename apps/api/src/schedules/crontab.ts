import { findTimeZone, InvalidSchedule, parseSpec, type ScheduleFault, timeZoneFault } from '@millrace/schedules';

/** A line of a crontab that runs a command. */
export interface CrontabJob {
  /** From 1. */
  readonly line: number;
  /** Five fields or a descriptor. */
  readonly cron: string;
  readonly timezone: string;
  readonly command: string;
  /** What cron would feed to the command: the text after its first `%`. */
  readonly stdin: string | null;
  /** Variables set above it, without those of the time zone. */
  readonly env: Readonly<Record<string, string>>;
}

export interface Crontab {
  readonly jobs: readonly CrontabJob[];
  /** Fields are `line 3`. */
  readonly faults: readonly ScheduleFault[];
}

const VARIABLE = /^\s*([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*?)\s*$/;
const JOB = /^\s*(@every\s+\S+|@\S+|(?:\S+\s+){4}\S+)(?:\s+(.*))?$/i;
const ZONES: readonly string[] = ['CRON_TZ', 'TZ'];

/**
 * Reads a user's crontab: comments, variables, `m h dom mon dow command`, `@daily command`, `@every 5m command`. `CRON_TZ` and
 * `TZ` set the time zone of the lines below them; empty, they set it back.
 */
export function parseCrontab(text: string, defaultZone = 'UTC'): Crontab {
  const jobs: CrontabJob[] = [];
  const faults: ScheduleFault[] = [];
  let timezone = defaultZone;
  let env: Readonly<Record<string, string>> = {};
  for (const [index, source] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    if (/^\s*(#|$)/.test(source)) continue;
    const [, name, value = ''] = VARIABLE.exec(source) ?? [];
    if (name === undefined) {
      const job = readJob(source, { line, timezone, env }, faults);
      if (job) jobs.push(job);
    } else if (ZONES.includes(name)) {
      timezone = unquoted(value) || defaultZone;
      if (!findTimeZone(timezone)) {
        faults.push({ field: `line ${line}`, message: `${name} ${timeZoneFault(timezone).message}` });
      }
    } else {
      env = { ...env, [name]: unquoted(value) };
    }
  }
  return { jobs, faults };
}

function readJob(
  source: string,
  { line, timezone, env }: Pick<CrontabJob, 'line' | 'timezone' | 'env'>,
  faults: ScheduleFault[],
): CrontabJob | null {
  const field = `line ${line}`;
  const [, cron = '', rest = ''] = JOB.exec(source) ?? [];
  if (/^@reboot$/i.test(cron)) {
    faults.push({ field, message: '@reboot has no counterpart: nothing fires because something starts' });
    return null;
  }
  const faulty = cronFaults(cron || source.trim(), source.search(/\S/));
  if (faulty.length > 0) {
    faults.push(...faulty.map((fault) => ({ ...fault, field })));
    return null;
  }
  if (rest === '') {
    faults.push({ field, message: 'has no command behind its time', position: source.length + 1 });
    return null;
  }
  return { line, cron, timezone, env, ...commandOf(rest) };
}

/** Positions count from the start of the line. */
function cronFaults(cron: string, indent: number): readonly ScheduleFault[] {
  try {
    parseSpec({ cron });
    return [];
  } catch (error) {
    if (!(error instanceof InvalidSchedule)) throw error;
    return error.errors.map(({ position, ...fault }) => ({
      ...fault,
      ...(position === undefined ? {} : { position: position + indent }),
    }));
  }
}

/** As cron reads it: the first bare `%` ends the command, further ones end lines of its input, `\%` is a percent sign. */
function commandOf(rest: string): Pick<CrontabJob, 'command' | 'stdin'> {
  const [command = '', ...input] = rest.split(/(?<!\\)%/).map((part) => part.replaceAll('\\%', '%'));
  return { command: command.trim(), stdin: input.length > 0 ? input.join('\n') : null };
}

function unquoted(value: string): string {
  const [, , inside] = /^(["'])(.*)\1$/.exec(value) ?? [];
  return inside ?? value;
}
