import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseDuration } from '@millrace/contracts';
import { CLOSING_MS } from '@millrace/runtime';
import { describe, expect, it } from 'vitest';
import { composeProblems, readCompose, withDefaults } from './compose';
import { dockerFolder, SERVICES } from './paths';
import { loadInContainer, unknownVariables } from './service-config';

const file = join(dockerFolder, 'compose.yaml');
const compose = readCompose(file);

it('fits the Compose specification, without unknown keys', () => {
  expect(composeProblems(compose)).toEqual([]);
});

it('publishes ports on this machine alone', () => {
  const published = Object.values(compose.services).flatMap(({ ports = [] }) => ports);

  expect(published.length).toBeGreaterThan(0);
  for (const port of published) expect(port).toMatch(/^127\.0\.0\.1:/);
});

it('holds no secret: passwords and keys must come from outside and have no default', () => {
  const text = readFileSync(file, 'utf8');

  for (const secret of ['POSTGRES_PASSWORD', 'API_KEYS']) {
    expect(text).toContain(`\${${secret}:?`);
    expect(text).not.toMatch(new RegExp(`\\$\\{${secret}(:?-|\\})`));
  }
  const example = readFileSync(join(dockerFolder, '.env.example'), 'utf8');
  expect(example).toMatch(/^POSTGRES_PASSWORD=$/m);
  expect(example).toMatch(/^API_KEYS=$/m);
});

it('runs Redis so that it refuses writes when full instead of dropping tasks', () => {
  expect(compose.services['redis']?.command?.join(' ')).toContain('--maxmemory-policy noeviction');
});

it('keeps what a worker saves in a volume that outlives the container', async () => {
  const { environment, volumes } = compose.services['worker'] ?? {};
  const folder = String(environment?.['WORKER_SPILL_FOLDER']);

  expect(volumes).toEqual([`spill:${folder}`]);
  expect(compose.volumes).toHaveProperty('spill');
});

describe.each(SERVICES)('%s', (service) => {
  const definition = compose.services[service];
  const environment = Object.fromEntries(
    Object.entries(definition?.environment ?? {}).map(([name, value]) => [name, withDefaults(String(value))]),
  );

  it('is configured with variables that it reads and accepts', async () => {
    expect(await unknownVariables(service, Object.keys(environment))).toEqual([]);
    await expect(loadInContainer(service, environment)).resolves.toMatchObject({
      nodeEnv: 'production',
      authMode: 'keys',
    });
  });

  it('is built from its own target and starts after the schema is up to date', () => {
    expect(definition?.build?.target).toBe(service);
    expect(definition?.depends_on).toMatchObject({
      migrate: { condition: 'service_completed_successfully' },
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    });
  });

  it('has a read-only root file system, holds no capabilities and is given time to finish', async () => {
    expect(definition?.read_only).toBe(true);
    expect(definition?.cap_drop).toEqual(['ALL']);
    const { shutdownTimeoutMs } = await loadInContainer(service, environment);
    expect(parseDuration(definition?.stop_grace_period)).toBeGreaterThanOrEqual(shutdownTimeoutMs + CLOSING_MS);
  });

  it('listens on the port that is published or exposed', async () => {
    const config = await loadInContainer(service, environment);

    const declared = [...(definition?.ports ?? []), ...(definition?.expose ?? [])];
    expect(declared.map((port) => port.split(':').at(-1))).toEqual([String(config[`${service}Port`])]);
  });
});
