import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect } from './kustomization';
import { hasKubectl, render } from './kustomize';
import { schemaProblems } from './kubernetes-schema';
import { componentOf, ofKind, workloadsOf, type Manifest } from './manifest';
import { k8sFolder, SERVICES } from './paths';
import { availabilityProblems, environmentOf, safetyProblems, spillProblems } from './workload-rules';
import { loadInContainer, unknownVariables } from './service-config';

const OVERLAYS = ['local', 'production'].map((name) => ({ name, folder: join(k8sFolder, 'overlays', name) }));

describe.each(OVERLAYS)('the files of overlay $name', ({ folder }) => {
  rulesOf(once(() => collect(folder).manifests));
});

describe.skipIf(!hasKubectl())('rendered by kubectl (skipped where there is none)', () => {
  describe.each(OVERLAYS)('overlay $name', ({ folder }) => {
    rulesOf(once(() => render(folder)));
  });

  it('gives every image of the production overlay one version, which the migration Job carries in its name', () => {
    const workloads = workloadsOf(render(join(k8sFolder, 'overlays', 'production')));

    const images = workloads.flatMap(({ spec }) => spec.template.spec.containers.map(({ image }) => image ?? ''));
    const versions = new Set(images.map((image) => image.split(':')[1]));
    expect([...versions]).toEqual([expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
    const [version = ''] = versions;
    const job = workloads.find(({ kind }) => kind === 'Job');
    expect(job?.metadata.name).toBe(`millrace-migrate-${version.replaceAll('.', '-')}`);
  });

  it('points every workload at the ConfigMap with the hash of its content, so that a change rolls out', () => {
    const manifests = render(join(k8sFolder, 'overlays', 'production'));

    for (const { metadata } of ofKind(manifests, 'ConfigMap')) expect(metadata.name).toMatch(/-[0-9a-z]{10}$/);
    for (const deployment of workloadsOf(manifests)) {
      expect(() => environmentOf(deployment, manifests)).not.toThrow();
    }
  });
});

it('reaches every file under k8s from an overlay', () => {
  const reached = new Set(OVERLAYS.flatMap(({ folder }) => collect(folder).files));

  const unreached = filesBelow(k8sFolder).filter((file) => /\.(ya?ml|env)$/.test(file) && !reached.has(file));

  expect(unreached.map((file) => relative(k8sFolder, file).split(sep).join('/'))).toEqual([]);
});

it('keeps no Secret in the repository', () => {
  for (const { folder } of OVERLAYS) expect(ofKind(collect(folder).manifests, 'Secret')).toEqual([]);
});

/** What holds for the objects of an overlay, as written and as rendered alike. */
function rulesOf(read: () => readonly Manifest[]): void {
  it('fit the schemas of Kubernetes, without unknown keys', () => {
    expect(read().flatMap(schemaProblems)).toEqual([]);
  });

  it('run nothing as root or without limits', () => {
    expect(workloadsOf(read()).flatMap(safetyProblems)).toEqual([]);
  });

  it('deploy every service on its own, and the migration', () => {
    const components = workloadsOf(read()).map(componentOf);

    expect(components).toEqual(expect.arrayContaining([...SERVICES, 'migrate']));
  });

  it.each(SERVICES)('configure %s with variables it reads and accepts', async (service) => {
    const manifests = read();
    const environment = environmentOf(deploymentOf(manifests, service), manifests);

    expect(await unknownVariables(service, Object.keys(environment))).toEqual([]);
    await expect(loadInContainer(service, environment)).resolves.toMatchObject({ nodeEnv: 'production' });
  });

  it.each(SERVICES)('let %s start, drain and be replaced without loss', async (service) => {
    const manifests = read();
    const deployment = deploymentOf(manifests, service);
    const config = await loadInContainer(service, environmentOf(deployment, manifests));

    expect(availabilityProblems(deployment, manifests, config.shutdownTimeoutMs)).toEqual([]);
  });

  it('keep what a worker saves when its container is started again', async () => {
    const manifests = read();
    const worker = deploymentOf(manifests, 'worker');
    const config = await loadInContainer('worker', environmentOf(worker, manifests));

    const [folder, limitBytes] = [String(config['workerSpillFolder']), Number(config['workerSpillLimit'])];
    expect(spillProblems(worker, { folder, limitBytes })).toEqual([]);
  });

  it.each(SERVICES)('expose the port that %s listens on', async (service) => {
    const manifests = read();
    const deployment = deploymentOf(manifests, service);
    const config = await loadInContainer(service, environmentOf(deployment, manifests));

    const ports = deployment.spec.template.spec.containers[0]?.ports;
    expect(ports).toEqual([{ name: 'http', containerPort: config[`${service}Port`] }]);
  });
}

/** Rendering takes a moment, and the rules only read. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

function deploymentOf(manifests: readonly Manifest[], service: string) {
  const found = workloadsOf(manifests).find((workload) => componentOf(workload) === service);
  if (!found) throw new Error(`There is no Deployment of ${service}`);
  return found;
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder)
    .map((name) => join(folder, name))
    .flatMap((path) => (statSync(path).isDirectory() ? filesBelow(path) : [path]));
}
