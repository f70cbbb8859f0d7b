import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeConfig, type VariableDoc } from '@millrace/runtime';
import { format, resolveConfig } from 'prettier';
import { beforeAll, describe, expect, it } from 'vitest';

const ROOT = join(import.meta.dirname, '..', '..', '..');
const ENV_EXAMPLE = join(ROOT, '.env.example');
const GUIDE = join(ROOT, 'docs', 'configuration.md');
const SERVICES = ['api', 'worker', 'scheduler'];

/** The table stands between these marks. */
const TABLE = /(<!-- variables:begin -->\n)[^]*(<!-- variables:end -->)/;

interface Variable extends VariableDoc {
  readonly services: readonly string[];
}

let variables: readonly Variable[];
beforeAll(async () => {
  variables = merge(await Promise.all(SERVICES.map(async (service) => [service, await variablesOf(service)] as const)));
});

/** Every config class of a service, found by its file so that a new one cannot be forgotten. */
async function variablesOf(service: string): Promise<readonly VariableDoc[]> {
  const folder = join(ROOT, 'apps', service, 'src');
  const files = readdirSync(folder).filter((name) => name.endsWith('.config.ts'));
  const found: VariableDoc[] = [];
  for (const file of files) {
    const module = (await import(pathToFileURL(join(folder, file)).href)) as Record<string, unknown>;
    const classes = Object.values(module).filter((member): member is new () => object => typeof member === 'function');
    found.push(...classes.flatMap((Config) => describeConfig(Config)));
  }
  return found;
}

/** One entry a variable. A variable of several services means the same to all of them. */
function merge(services: readonly (readonly [string, readonly VariableDoc[]])[]): Variable[] {
  const merged = new Map<string, Variable>();
  for (const [service, docs] of services) {
    for (const doc of docs) {
      const known = merged.get(doc.name);
      if (known) expect({ ...doc, services: known.services }, doc.name).toEqual(known);
      merged.set(doc.name, { ...doc, services: [...(known?.services ?? []), service] });
    }
  }
  return [...merged.values()].sort((a, b) => b.services.length - a.services.length);
}

function envExample(): string {
  const head = [
    '# Every variable with its default; copy it to .env (read in development) and remove the "# " before what you change.',
    '# docs/configuration.md says more.',
  ];
  const entries = variables.map(({ name, doc, defaultText, defaultValue, secret }) => {
    const words = defaultText !== defaultValue ? [`# Default: ${defaultText}.`] : [];
    return [
      `# ${doc}`,
      ...words,
      ...(secret ? [`# ${name}_FILE reads it from a file.`] : []),
      `# ${name}=${defaultValue}`,
    ];
  });
  return `${[head, ...entries].map((lines) => lines.join('\n')).join('\n\n')}\n`;
}

async function guideWithTable(): Promise<string> {
  const rows = variables.map(({ name, doc, defaultText, defaultValue, secret, services }) => {
    const shownDefault = defaultText === defaultValue && defaultText !== '' ? `\`${defaultText}\`` : defaultText;
    const where = services.length === SERVICES.length ? 'all' : services.join(', ');
    const cells = [secret ? `\`${name}\`, \`${name}_FILE\`` : `\`${name}\``, shownDefault, where, doc];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  const table = ['', '| Variable | Default | Service | Meaning |', '| --- | --- | --- | --- |', ...rows, '', ''].join(
    '\n',
  );
  const text = readFileSync(GUIDE, 'utf8').replace(TABLE, (_all, begin: string, end: string) => begin + table + end);
  return format(text, { ...(await resolveConfig(GUIDE)), filepath: GUIDE });
}

describe('the documentation of the configuration (vitest -u writes it)', () => {
  it('lists in .env.example what the config classes say', async () => {
    await expect(envExample()).toMatchFileSnapshot(ENV_EXAMPLE);
  });

  it('has the same table in the guide', async () => {
    await expect(await guideWithTable()).toMatchFileSnapshot(GUIDE);
  });

  it('holds every variable the platform promises, and no secret has a default', () => {
    const names = variables.map(({ name }) => name);
    const promised = [
      ...['DATABASE_URL', 'REDIS_URL', 'API_PORT', 'WORKER_PORT', 'SCHEDULER_PORT', 'HOST', 'QUEUE_ENABLED'],
      ...['QUEUE_WORKERS', 'QUEUE_MAX_RETRY', 'QUEUE_RETRY_DELAY', 'QUEUE_REDIS_PREFIX', 'QUEUE_POLL_INTERVAL'],
      ...['QUEUE_LEASE', 'QUEUE_QUEUES', 'QUEUE_ROUTES', 'RATELIMIT_ENABLED', 'RATELIMIT_LIMIT', 'RATELIMIT_WINDOW'],
      ...['AUTH_MODE', 'API_KEYS', 'RETENTION_SUCCESS', 'RETENTION_FAILED', 'RETENTION_CANCELLED'],
      ...['TASK_MAX_PAYLOAD', 'WORKER_BUILTIN_TYPES', 'HTTP_REQUEST_ALLOW_PRIVATE', 'SMTP_URL', 'CLEANUP_FOLDERS'],
    ];
    expect(promised.filter((name) => !names.includes(name))).toEqual([]);
    expect(variables.filter(({ secret, defaultValue }) => secret && defaultValue !== '')).toEqual([]);
  });
});
