import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parseManifests, type Manifest } from './manifest';

/** What a kustomization lists, as far as files go. */
interface Kustomization {
  readonly resources?: readonly string[];
  readonly transformers?: readonly string[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly envs?: readonly string[] }[];
}

/** The objects a kustomization collects, before it changes any, and every file that it names. */
export interface Collected {
  readonly manifests: readonly Manifest[];
  readonly files: readonly string[];
}

/**
 * Follows a kustomization's files without kustomize, so that they can be checked where there is no kubectl. Generators
 * become plain ConfigMaps without a hash; nothing else is transformed. Throws when a listed file is missing.
 */
export function collect(folder: string): Collected {
  const file = join(folder, 'kustomization.yaml');
  const [kustomization] = parseManifests(readFileSync(file, 'utf8'), file) as unknown as Kustomization[];
  const files = [file];
  const manifests: Manifest[] = [];

  for (const resource of kustomization?.resources ?? []) {
    const path = join(folder, resource);
    if (/\.ya?ml$/.test(basename(path))) {
      files.push(path);
      manifests.push(...parseManifests(readFileSync(path, 'utf8'), path));
    } else {
      const nested = collect(path);
      files.push(...nested.files);
      manifests.push(...nested.manifests);
    }
  }
  for (const { name, envs = [] } of kustomization?.configMapGenerator ?? []) {
    const paths = envs.map((env) => join(folder, env));
    files.push(...paths);
    manifests.push(configMap(name, paths));
  }
  for (const transformer of kustomization?.transformers ?? []) {
    const path = join(folder, transformer);
    readFileSync(path, 'utf8');
    files.push(path);
  }
  return { manifests, files };
}

function configMap(name: string, envFiles: readonly string[]): Manifest {
  const data: Record<string, string> = {};
  for (const file of envFiles) {
    for (const line of readFileSync(file, 'utf8').split('\n')) {
      const [, key, value] = /^([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
      if (key !== undefined && value !== undefined) data[key] = value;
      else if (line.trim() !== '' && !line.startsWith('#')) throw new Error(`${file}: not NAME=value: ${line}`);
    }
  }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name }, data };
}
