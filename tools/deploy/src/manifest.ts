import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import type { IObjectMeta } from '@kubernetes-models/apimachinery/apis/meta/v1/ObjectMeta';
import { parseAllDocuments } from 'yaml';

/** One Kubernetes object as written; `spec` and the rest have the shape of its kind once `schemaProblems` answers none. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: IObjectMeta & { readonly name: string };
  readonly spec?: object;
  readonly data?: Readonly<Record<string, string>>;
}

/** A manifest that runs pods from a template. */
export interface Workload extends Manifest {
  readonly spec: {
    readonly replicas?: number;
    readonly template: { readonly metadata: IObjectMeta; readonly spec: IPodSpec };
  };
}

/** The documents of a YAML text. Throws when it is not YAML; a key that stands twice is an error too. */
export function parseManifests(text: string, name: string): Manifest[] {
  return parseAllDocuments(text, { uniqueKeys: true }).map((document) => {
    const error = 'errors' in document ? document.errors[0] : undefined;
    if (error) throw new Error(`${name}: ${error.message}`, { cause: error });
    return (document as { toJS(): unknown }).toJS() as Manifest;
  });
}

/** All objects of one kind. */
export function ofKind(manifests: readonly Manifest[], kind: string): Manifest[] {
  return manifests.filter((manifest) => manifest.kind === kind);
}

/** Deployments, StatefulSets and Jobs. */
export function workloadsOf(manifests: readonly Manifest[]): Workload[] {
  return manifests.filter(({ kind }) => ['Deployment', 'StatefulSet', 'Job'].includes(kind)) as Workload[];
}

/** Which part of the platform an object belongs to: `api`, `worker`, `scheduler`, `migrate`, or undefined. */
export function componentOf(manifest: Manifest): string | undefined {
  return manifest.metadata.labels?.['app.kubernetes.io/component'];
}
