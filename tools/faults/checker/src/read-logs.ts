import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { EffectLine, Evidence, FaultLine, FunctionLine, SubmitLine, WatchLine, WishLine } from './records';

type Logs = Pick<Evidence, 'submits' | 'effects' | 'faults' | 'wishes' | 'watches' | 'functions'>;

/**
 * Reads the logs of a run: those of the submitter, of the operators, of the nemesis, of watched schedules, and one of each
 * worker process and of each scheduler process that runs functions.
 */
export async function readLogs(folder: string): Promise<Logs> {
  return {
    submits: await readLines<SubmitLine>(join(folder, 'submits.jsonl')),
    wishes: await readLines<WishLine>(join(folder, 'wishes.jsonl')),
    watches: await readLines<WatchLine>(join(folder, 'watches.jsonl')),
    faults: await readLines<FaultLine>(join(folder, 'nemesis.jsonl')),
    effects: await readOfProcesses<EffectLine>(folder, 'effects'),
    functions: await readOfProcesses<FunctionLine>(folder, 'functions'),
  };
}

async function readOfProcesses<T>(folder: string, what: string): Promise<T[]> {
  const files = readdirSync(folder).filter((file) => file.startsWith(`${what}-`) && file.endsWith('.jsonl'));
  return (await Promise.all(files.map((name) => readLines<T>(join(folder, name))))).flat();
}

async function readLines<T>(file: string): Promise<T[]> {
  const lines: T[] = [];
  if (!existsSync(file)) return lines;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    const record = parsed(line);
    if (record !== undefined) lines.push(record as T);
  }
  return lines;
}

/** A line that its writer's death cut off says nothing; every whole one counts. */
function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
