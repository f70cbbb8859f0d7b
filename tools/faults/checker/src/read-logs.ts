import { createReadStream, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { EffectLine, Evidence, FaultLine, SubmitLine, WatchLine, WishLine } from './records';

type Logs = Pick<Evidence, 'submits' | 'effects' | 'faults' | 'wishes' | 'watches'>;

/**
 * Reads the logs of a run: those of the submitter, of the operators, of the nemesis, of watched schedules, and one of each
 * worker process.
 */
export async function readLogs(folder: string): Promise<Logs> {
  const files = readdirSync(folder).filter((file) => /^effects-\d+\.jsonl$/.test(file));
  const effects = await Promise.all(files.map((name) => readLines<EffectLine>(join(folder, name))));
  return {
    submits: await readLines<SubmitLine>(join(folder, 'submits.jsonl')),
    wishes: await readLines<WishLine>(join(folder, 'wishes.jsonl')),
    watches: await readLines<WatchLine>(join(folder, 'watches.jsonl')),
    faults: await readLines<FaultLine>(join(folder, 'nemesis.jsonl')),
    effects: effects.flat(),
  };
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
