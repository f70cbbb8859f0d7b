import { execFileSync, spawnSync } from 'node:child_process';
import { parseManifests, type Manifest } from './manifest';

/** Whether `kubectl` is on the PATH. */
export function hasKubectl(): boolean {
  return spawnSync('kubectl', ['version', '--client'], { stdio: 'ignore', timeout: 20_000 }).status === 0;
}

/** What `kubectl apply -k` would send. Asks no cluster. Throws with kustomize's message when it does not render. */
export function render(folder: string): Manifest[] {
  const text = execFileSync('kubectl', ['kustomize', folder], {
    encoding: 'utf8',
    timeout: 30_000,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  return parseManifests(text, folder);
}
