import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { nodeOf, PEERS_FOLDER, SYSTEMS, type SystemName } from './systems';

/** What was measured on. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
  };
}

/** Versions of the measured packages and of the Node.js that each runs on. */
export function describeVersions(systems: readonly SystemName[]): Record<string, string> {
  return Object.fromEntries(
    systems
      .map((name) => SYSTEMS[name])
      .filter(({ side }) => side === 'peer')
      .map((info) => [info.label, `${peerVersion(info.name)} on Node.js ${nodeVersion(nodeOf(info))}`]),
  );
}

function peerVersion(name: SystemName): string {
  const folder = name === 'bullmq-record' ? 'bullmq' : name;
  const text = readFileSync(join(PEERS_FOLDER, 'node_modules', folder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}

function nodeVersion(node: string | undefined): string {
  if (node === undefined || node === process.execPath) return process.versions.node;
  return execFileSync(node, ['--version'], { encoding: 'utf8' }).trim().replace(/^v/, '');
}
