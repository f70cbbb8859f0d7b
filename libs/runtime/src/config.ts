import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { validateSync } from 'class-validator';
import { settingsOf, type SettingField } from './setting';

/** Names and texts of environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A config class with rules that span fields implements it; each answer is one line for the person who starts the service. */
export interface CrossChecked {
  problems(): readonly string[];
}

/** Thrown by `loadConfig`; the message lists everything that is wrong and never holds a secret. */
export class InvalidConfig extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is invalid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'InvalidConfig';
  }
}

/**
 * Reads a config class from the environment: one variable for each field that `@Setting` marks, its initial value being
 * the default. An empty variable counts as unset.
 *
 * Throws one `InvalidConfig` that names every bad variable.
 */
export function loadConfig<T extends object>(Config: new () => T, env: Environment = environment()): Readonly<T> {
  const config = new Config();
  const values = config as Record<string, unknown>;
  const settings = settingsOf(Config);
  const faults = new Map<string, string>();

  for (const setting of settings) {
    try {
      const text = readText(setting, env);
      if (text !== undefined) values[setting.field] = parseText(setting, text, values[setting.field]);
      else if (setting.derive) values[setting.field] = setting.derive(config as never);
    } catch (error) {
      faults.set(setting.field, error instanceof Error ? error.message : String(error));
    }
  }
  for (const { property, constraints = {} } of validateSync(config)) {
    const rules = Object.values(constraints).map((rule) => rule.replace(property, '').trim());
    const name = settings.find(({ field }) => field === property)?.name ?? property;
    if (!faults.has(property)) faults.set(property, `${name}: ${rules.join(', ')}`);
  }

  const problems = settings.flatMap(({ field }) => faults.get(field) ?? []);
  if (isCrossChecked(config)) problems.push(...config.problems().filter((line) => !isNamedIn(problems, line)));
  if (problems.length > 0) throw new InvalidConfig(problems);
  return Object.freeze(config);
}

/**
 * The process' environment. In development a `.env` file of the working folder stands behind it, so that a variable that
 * is really set wins.
 */
export function environment(): Environment {
  if (process.env.NODE_ENV === 'production') return process.env;
  const text = readIfThere('.env');
  return text === undefined ? process.env : { ...parseEnv(text), ...process.env };
}

/** The text of a file, or undefined when there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function readText({ name, secret }: SettingField, env: Environment): string | undefined {
  const direct = env[name] || undefined;
  const file = secret && env[`${name}_FILE`];
  if (!file) return direct;
  if (direct !== undefined) throw new Error(`${name}: is set twice, by itself and by ${name}_FILE`);
  try {
    return readFileSync(file, 'utf8').trim() || undefined;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new Error(`${name}_FILE: cannot be read (${code})`, { cause: error });
  }
}

function parseText(setting: SettingField, text: string, initial: unknown): unknown {
  try {
    if (setting.parse) return setting.parse(text);
    if (typeof initial === 'number') return parseNumber(text);
    if (typeof initial === 'boolean') return parseBoolean(text);
    if (Array.isArray(initial)) return parseList(text);
    return text;
  } catch (error) {
    const rule = error instanceof Error ? error.message : String(error);
    throw new Error(`${setting.name}: ${setting.secret ? rule.replaceAll(text, '…') : rule}`, { cause: error });
  }
}

function parseNumber(text: string): number {
  if (!/^-?\d{1,15}(\.\d{1,15})?$/.test(text)) throw new Error(`must be a number; got "${text}"`);
  return Number(text);
}

function parseBoolean(text: string): boolean {
  if (text === 'true') return true;
  if (text === 'false') return false;
  throw new Error(`must be true or false; got "${text}"`);
}

function parseList(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

/** Whether a variable that a line is about has a fault already, which the line may only follow from. */
function isNamedIn(problems: readonly string[], line: string): boolean {
  const [name = ''] = line.split(':', 1);
  return problems.some((problem) => problem.startsWith(`${name}:`) || problem.startsWith(`${name}_FILE:`));
}

function isCrossChecked(config: object): config is CrossChecked {
  return 'problems' in config && typeof config.problems === 'function';
}
