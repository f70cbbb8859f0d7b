import type { IContainer } from 'kubernetes-models/v1/Container';
import { CLOSING_MS } from '@millrace/runtime';
import { componentOf, ofKind, type Manifest, type Workload } from './manifest';

/** Where a workload falls short of the "restricted" pod security standard or asks for no resources; one line each. */
export function safetyProblems(workload: Workload): string[] {
  const { spec } = workload.spec.template;
  const problems: string[] = [];
  const expect = (holds: unknown, rule: string) => {
    if (!holds) problems.push(`${workload.kind} ${workload.metadata.name}: ${rule}`);
  };

  expect(spec.securityContext?.runAsNonRoot === true, 'must not run as root');
  expect(spec.securityContext?.seccompProfile?.type === 'RuntimeDefault', 'needs the seccomp profile RuntimeDefault');
  expect(spec.automountServiceAccountToken === false, 'must not mount a service account token');
  for (const container of spec.containers) {
    const { securityContext, resources } = container;
    expect(securityContext?.allowPrivilegeEscalation === false, 'must not allow privilege escalation');
    expect(securityContext?.readOnlyRootFilesystem === true, 'needs a read-only root file system');
    expect(securityContext?.capabilities?.drop?.includes('ALL'), 'must drop all capabilities');
    expect(resources?.requests?.cpu !== undefined, 'needs a CPU request');
    expect(resources?.requests?.memory !== undefined, 'needs a memory request');
    expect(resources?.limits?.memory === resources?.requests?.memory, 'needs a memory limit equal to its request');
    expect(resources?.limits?.cpu === undefined, 'must have no CPU limit, which stalls leases under load');
  }
  return problems;
}

/** Where the Deployment of a service would not survive a rollout, a drain or a hung process; one line each. */
export function availabilityProblems(
  deployment: Workload,
  all: readonly Manifest[],
  shutdownTimeoutMs: number,
): string[] {
  const { spec } = deployment.spec.template;
  const component = componentOf(deployment);
  const problems: string[] = [];
  const expect = (holds: unknown, rule: string) => {
    if (!holds) problems.push(`${deployment.metadata.name}: ${rule}`);
  };

  const [container] = spec.containers;
  expect(probePath(container, 'startupProbe') === '/health/live', 'its start-up probe must ask /health/live');
  expect(probePath(container, 'livenessProbe') === '/health/live', 'its liveness probe must ask /health/live');
  expect(probePath(container, 'readinessProbe') === '/health/ready', 'its readiness probe must ask /health/ready');

  const graceMs = (spec.terminationGracePeriodSeconds ?? 30) * 1_000;
  const pauseMs = (container?.lifecycle?.preStop?.sleep?.seconds ?? 0) * 1_000;
  const neededMs = pauseMs + shutdownTimeoutMs + CLOSING_MS;
  expect(graceMs >= neededMs, `its grace period is ${graceMs} ms and a shutdown may take ${neededMs} ms`);

  const spread = spec.topologySpreadConstraints ?? [];
  expect(
    spread.some(({ topologyKey }) => topologyKey === 'kubernetes.io/hostname'),
    'must spread over nodes',
  );
  const ofComponent = (kind: string) => ofKind(all, kind).filter((manifest) => componentOf(manifest) === component);
  expect(ofComponent('PodDisruptionBudget').length === 1, 'needs one disruption budget');
  expect(ofComponent('ServiceAccount').length === 1, 'needs a service account of its own');
  expect(ofComponent('Service').length === 1, 'needs one Service');
  return problems;
}

/** Where outcomes that PostgreSQL does not take would be lost with the container, or fill their volume; one line each. */
export function spillProblems(worker: Workload, { folder, limitBytes }: SpillSettings): string[] {
  const { containers, volumes } = worker.spec.template.spec;
  const mount = containers[0]?.volumeMounts?.find(({ mountPath }) => mountPath === folder);
  if (!mount) return [`${worker.metadata.name}: mounts no volume at ${JSON.stringify(folder)}, its spill folder`];
  const volume = volumes?.find(({ name }) => name === mount.name)?.emptyDir;
  if (!volume) return [];
  const problems: string[] = [];
  if (volume.medium) problems.push(`${worker.metadata.name}: its spill volume is memory`);
  const size = /^(\d+)Mi$/.exec(String(volume.sizeLimit));
  // Kubernetes ends a pod whose volume outgrows its limit; temporary files come on top.
  if (Number(size?.[1]) * 1024 ** 2 <= limitBytes)
    problems.push(`${worker.metadata.name}: its spill volume is too small`);
  return problems;
}

/** `WORKER_SPILL_FOLDER` and `WORKER_SPILL_LIMIT`. */
export interface SpillSettings {
  readonly folder: string;
  readonly limitBytes: number;
}

/** The environment of a workload's first container: its ConfigMaps in order, then its own variables that have a plain value. */
export function environmentOf(workload: Workload, all: readonly Manifest[]): Record<string, string> {
  const [container] = workload.spec.template.spec.containers;
  const environment: Record<string, string> = {};
  for (const { configMapRef } of container?.envFrom ?? []) {
    const found = ofKind(all, 'ConfigMap').find(({ metadata }) => metadata.name === configMapRef?.name);
    if (!found) throw new Error(`${workload.metadata.name}: there is no ConfigMap ${String(configMapRef?.name)}`);
    Object.assign(environment, found.data);
  }
  for (const { name, value } of container?.env ?? []) {
    if (value !== undefined) environment[name] = value;
  }
  return environment;
}

type Probe = 'startupProbe' | 'livenessProbe' | 'readinessProbe';

/** The path a probe asks, or undefined when it does not ask the port named `http`. */
function probePath(container: IContainer | undefined, probe: Probe): string | undefined {
  const request = container?.[probe]?.httpGet;
  return request?.port === 'http' ? request.path : undefined;
}
