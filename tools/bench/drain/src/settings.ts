import { parseArgs } from 'node:util';

/** What a measurement needs to know. */
export interface BenchSettings {
  /** Tasks to submit and drain. */
  readonly tasks: number;
  /** Tasks that the one worker process runs at once. */
  readonly slots: number;
  /** Tasks submitted one at a time to an idle platform; 0 leaves that part out. */
  readonly lone: number;
  readonly databaseUrl: string;
  readonly redisUrl: string;
}

/** The arguments or the environment are wrong; the message is for the person who started it. */
export class InvalidSettings extends Error {}

/** Reads `--tasks` (default 50,000), `--slots` (100), `--lone` (200), `DATABASE_URL` and `REDIS_URL`. Throws `InvalidSettings`. */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): BenchSettings {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tasks: { type: 'string', default: '50000' },
      slots: { type: 'string', default: '100' },
      lone: { type: 'string', default: '200' },
    },
  });
  return {
    tasks: wholeNumber('--tasks', values.tasks, { min: 1, max: 10_000_000 }),
    slots: wholeNumber('--slots', values.slots, { min: 1, max: 10_000 }),
    lone: wholeNumber('--lone', values.lone, { min: 0, max: 100_000 }),
    databaseUrl: required(env, 'DATABASE_URL'),
    redisUrl: required(env, 'REDIS_URL'),
  };
}

function wholeNumber(name: string, text: string, { min, max }: { readonly min: number; readonly max: number }): number {
  const number = Number(text);
  if (/^\d{1,10}$/.test(text) && number >= min && number <= max) return number;
  throw new InvalidSettings(`${name} must be a whole number from ${min} to ${max}; got ${text}`);
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new InvalidSettings(`${name} is not set. \`npm run bench\` sets it to a store of its own.`);
}
