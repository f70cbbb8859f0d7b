import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Machine } from './machine';
import type { Measurement } from './measurement';
import type { Form } from './scenario';

/** Everything that one run of the benchmark found. */
export interface Report {
  /** When it began, ISO 8601. */
  readonly at: string;
  readonly command: string;
  readonly form: Form;
  readonly rounds: number;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  readonly stores: Readonly<Record<'postgres' | 'redis', string>>;
  readonly measurements: readonly Measurement[];
}

/** Writes the report whole or not at all, so that a run which is broken off leaves what it had found. */
export function writeReport(file: string, report: Report): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.new`, `${JSON.stringify(report, null, 1)}\n`);
  renameSync(`${file}.new`, file);
}

export function readReport(file: string): Report {
  return JSON.parse(readFileSync(file, 'utf8')) as Report;
}
