import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeConfig, loadConfig, type ServiceConfig } from '@millrace/runtime';
import { workspaceRoot, type Service } from './paths';

/** Variables that Node.js itself reads. */
const NODE_VARIABLES = ['NODE_OPTIONS'];

/** Values that stand in for secrets, which no file of the repository holds. */
const SECRETS: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://user:password@database:5432/millrace',
  REDIS_URL: 'redis://redis:6379',
  API_KEYS: 'a-key-of-forty-characters-for-a-check-000',
  SMTP_URL: 'smtp://user:password@mail:587',
};

type ConfigClass = new () => ServiceConfig;

/** The config class of a service, found in its `src/*.config.ts`. */
export async function configClassOf(service: Service): Promise<ConfigClass> {
  const folder = join(workspaceRoot, 'apps', service, 'src');
  const file = readdirSync(folder).find((name) => name.endsWith('.config.ts'));
  if (!file) throw new Error(`apps/${service}/src has no *.config.ts`);
  const module = (await import(/* @vite-ignore */ pathToFileURL(join(folder, file)).href)) as Record<string, unknown>;
  const found = Object.entries(module).find(([name]) => name.endsWith('Config'));
  if (!found) throw new Error(`apps/${service}/src/${file} exports no config class`);
  return found[1] as ConfigClass;
}

/** The names of an environment that a service does not read: neither a variable of its config class, nor `<SECRET>_FILE`. */
export async function unknownVariables(service: Service, names: readonly string[]): Promise<string[]> {
  const known = describeConfig(await configClassOf(service)).flatMap(({ name, secret }) =>
    secret ? [name, `${name}_FILE`] : [name],
  );
  return names.filter((name) => !known.includes(name) && !NODE_VARIABLES.includes(name));
}

/**
 * Loads a service's configuration as its container would, with stand-ins for the secrets. Throws, naming every problem,
 * when the service would refuse to start.
 */
export async function loadInContainer(
  service: Service,
  environment: Readonly<Record<string, string>>,
): Promise<ServiceConfig & Readonly<Record<string, unknown>>> {
  const Config = await configClassOf(service);
  const folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'));
  try {
    return loadConfig(Config, withSecrets(environment, folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function withSecrets(environment: Readonly<Record<string, string>>, folder: string): Record<string, string> {
  const filled: Record<string, string> = { ...environment };
  for (const [name, value] of Object.entries(SECRETS)) {
    const file = `${name}_FILE`;
    if (filled[file] !== undefined) {
      filled[file] = join(folder, name);
      writeFileSync(filled[file], value);
    } else if (filled[name] !== undefined) {
      filled[name] = value;
    }
  }
  return filled;
}
