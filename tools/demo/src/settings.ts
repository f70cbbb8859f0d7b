import { parseArgs } from 'node:util';

/** What a run needs to know. */
export interface DemoSettings {
  readonly tasks: number;
  readonly apiUrl: string;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  /** The secret of an API key; absent where the api asks for none. */
  readonly apiKey?: string;
}

/** The arguments or the environment are wrong; the message is for the person who started it. */
export class InvalidSettings extends Error {}

const MAX_TASKS = 1_000_000;

/**
 * Reads `--tasks N` (default 10,000) and the addresses of a running platform: `API_URL`, `DATABASE_URL`, `REDIS_URL`,
 * `API_KEY` where the api asks for one, and `QUEUE_REDIS_PREFIX` (default `millrace`). Throws `InvalidSettings`.
 */
export function readSettings(args: readonly string[], env: NodeJS.ProcessEnv): DemoSettings {
  return {
    tasks: taskCount(args),
    apiUrl: required(env, 'API_URL'),
    databaseUrl: required(env, 'DATABASE_URL'),
    redisUrl: required(env, 'REDIS_URL'),
    redisPrefix: env['QUEUE_REDIS_PREFIX'] || 'millrace',
    ...(env['API_KEY'] && { apiKey: env['API_KEY'] }),
  };
}

function taskCount(args: readonly string[]): number {
  const { values } = parseArgs({ args: [...args], options: { tasks: { type: 'string', default: '10000' } } });
  const count = Number(values.tasks);
  if (Number.isInteger(count) && count >= 1 && count <= MAX_TASKS) return count;
  throw new InvalidSettings(`--tasks must be a whole number from 1 to ${MAX_TASKS}; got ${values.tasks}`);
}

function required(env: NodeJS.ProcessEnv, name: string): string {
  const value = env[name];
  if (value) return value;
  throw new InvalidSettings(`${name} is not set. \`npm run demo\` sets it to the platform that \`npm start\` runs.`);
}
