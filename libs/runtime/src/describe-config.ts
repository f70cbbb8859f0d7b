import type { Environment } from './config';
import { settingsOf, type SettingField } from './setting';

/** A variable as documentation shows it. */
export interface VariableDoc {
  readonly name: string;
  /** The default as a person reads it; empty when there is none. */
  readonly defaultText: string;
  /** The default as it would be set; empty when there is none, or when it depends on other variables. */
  readonly defaultValue: string;
  readonly doc: string;
  readonly secret: boolean;
}

/** Every variable of a config class, in order of declaration, base classes first. */
export function describeConfig(Config: new () => object): readonly VariableDoc[] {
  const initial = new Config() as Record<string, unknown>;
  return settingsOf(Config).map((setting) => {
    const { name, doc, derive } = setting;
    const defaultValue = derive ? '' : showDefault(setting, initial[setting.field]);
    return {
      name,
      defaultText: setting.defaultText ?? defaultValue,
      defaultValue,
      doc,
      secret: setting.secret === true,
    };
  });
}

/** What `--help` prints. */
export function helpText(service: string, Config: new () => object): string {
  const variables = describeConfig(Config).map(({ name, defaultText, doc, secret }) => {
    const notes = [defaultText && `Default: ${defaultText}.`, secret && `${name}_FILE reads it from a file.`];
    return [`  ${name}`, `      ${doc}`, ...notes.filter(Boolean).map((note) => `      ${String(note)}`)].join('\n');
  });
  return `millrace ${service}\n\nConfigured by environment variables alone:\n\n${variables.join('\n')}\n`;
}

/**
 * Lines about variables that are set, unknown, and one or two letters away from a known one. A variable that is no
 * near miss is somebody else's and none of our business.
 */
export function nearMisses(Config: new () => object, env: Environment): readonly string[] {
  const known = describeConfig(Config).flatMap(({ name, secret }) => (secret ? [name, `${name}_FILE`] : [name]));
  const misses: string[] = [];
  for (const name of Object.keys(env)) {
    if (known.includes(name) || name.length < 8) continue;
    const meant = known.find((candidate) => candidate.length >= 8 && editDistance(name, candidate) <= 2);
    if (meant) misses.push(`${name} is not a variable of this service; did you mean ${meant}?`);
  }
  return misses;
}

function showDefault({ show }: SettingField, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (show) return show(value as never);
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function editDistance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 2) return 3;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const substitution = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(substitution, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
