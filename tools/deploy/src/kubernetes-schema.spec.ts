import { expect, it } from 'vitest';
import { schemaProblems } from './kubernetes-schema';
import type { Manifest } from './manifest';

const deployment = (podSpec: object, more: object = {}): Manifest => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'probe', labels: { any: 'label' } },
  spec: {
    selector: { matchLabels: { app: 'probe' } },
    template: { metadata: { labels: { app: 'probe' } }, spec: podSpec },
    ...more,
  },
});

it('accepts a Deployment with keys of every kind: fields, labels, quantities', () => {
  const container = {
    name: 'probe',
    image: 'probe',
    resources: { limits: { memory: '64Mi', 'vendor.example/gpu': 1 } },
  };

  expect(schemaProblems(deployment({ containers: [container], nodeSelector: { disk: 'ssd' } }))).toEqual([]);
});

it('finds a misspelt key however deep it stands', () => {
  const container = { name: 'probe', readinessProb: {}, securityContext: { readOnlyRootFileSystem: true } };

  expect(schemaProblems(deployment({ containers: [container] }, { replica: 2 }))).toEqual([
    'Deployment probe: /spec/template/spec/containers/0/readinessProb is not a known key',
    'Deployment probe: /spec/template/spec/containers/0/securityContext/readOnlyRootFileSystem is not a known key',
    'Deployment probe: /spec/replica is not a known key',
  ]);
});

it('finds a value of the wrong type, and a missing one', () => {
  const [problem = ''] = schemaProblems(deployment({ containers: [{ image: 'probe' }] }, { replicas: 'two' }));

  expect(problem).toContain('data/spec/replicas must be integer');
  expect(problem).toContain('must have required property name');
});

it('refuses a kind that the version does not have', () => {
  expect(schemaProblems({ apiVersion: 'v1', kind: 'Deployment', metadata: { name: 'probe' } })).toEqual([
    'Deployment: v1 has no such kind',
  ]);
});
