import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inForce, last, readStages } from './dockerfile';
import { dockerFolder, SERVICES, workspaceRoot } from './paths';
import { loadInContainer } from './service-config';

const stages = readStages(join(dockerFolder, 'Dockerfile'));
const TARGETS = [...SERVICES.map((service) => `apps/${service}`), 'tools/migrate'].map((project) => ({
  project,
  target: project.split('/')[1] ?? '',
}));

describe.each(TARGETS)('image $target', ({ project, target }) => {
  const instructions = inForce(stages, target);

  it('runs its own bundle as the one process, without a shell that would swallow signals', () => {
    expect(JSON.parse(last(instructions, 'CMD') ?? 'null')).toEqual(['node', `dist/${project}/main.js`]);
    expect(instructions).toContainEqual({
      word: 'COPY',
      rest: `--from=build --chown=0:0 /build/dist/${project} ./dist/${project}`,
    });
  });

  it('runs as a user who owns nothing in it', () => {
    expect(last(instructions, 'USER')).toBe('10001:10001');
    const copies = instructions.filter(({ word }) => word === 'COPY');
    for (const { rest } of copies) expect(rest).toContain('--chown=0:0');
  });

  it('says what it is in OCI labels', () => {
    const labels = instructions
      .filter(({ word }) => word === 'LABEL')
      .map(({ rest }) => rest)
      .join(' ');

    for (const label of ['title', 'description', 'version', 'revision', 'licenses']) {
      expect(labels).toContain(`org.opencontainers.image.${label}=`);
    }
  });

  it('holds production packages only', () => {
    expect(last(inForce(stages, 'packages'), 'RUN')).toContain('npm ci --omit=dev');
    expect(instructions).toContainEqual({
      word: 'COPY',
      rest: '--from=packages --chown=0:0 /packages/node_modules ./node_modules',
    });
  });
});

it.each(SERVICES)('image %s asks its own health on the port it listens on', async (service) => {
  const instructions = inForce(stages, service);
  const config = await loadInContainer(service, {
    NODE_ENV: 'production',
    API_KEYS: '',
    DATABASE_URL: '',
    REDIS_URL: '',
  });

  const port = String(config[`${service}Port`]);
  expect(last(instructions, 'EXPOSE')).toBe(port);
  const health = last(instructions, 'HEALTHCHECK') ?? '';
  expect(health).toContain('/health/live');
  expect(health).toContain(`process.env.${service.toUpperCase()}_PORT || ${port}`);
});

it('builds everything it copies', () => {
  const build = inForce(stages, 'build').find(({ rest }) => rest.includes('run-many'));

  for (const { target } of TARGETS) expect(build?.rest.split('-p ')[1]?.split(',')).toContain(target);
});

it('keeps secrets, installed packages and git out of the build', () => {
  const ignored = readFileSync(join(workspaceRoot, '.dockerignore'), 'utf8').split('\n');

  expect(ignored).toEqual(
    expect.arrayContaining(['.git', '.env*', '**/.env*', '.millrace', '**/node_modules', '**/dist']),
  );
});
