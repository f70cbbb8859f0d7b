import { readFileSync } from 'node:fs';

/** One instruction of a Dockerfile, its lines joined. */
export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** One `FROM … AS name` and what follows it. */
export interface Stage {
  readonly name: string;
  /** An image, or the name of an earlier stage. */
  readonly from: string;
  readonly instructions: readonly Instruction[];
}

/** The named stages of a Dockerfile without heredocs. */
export function readStages(file: string): Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const instruction of instructionsOf(readFileSync(file, 'utf8'))) {
    const [, from, name] = instruction.word === 'FROM' ? (/^(\S+)\s+AS\s+(\S+)$/.exec(instruction.rest) ?? []) : [];
    if (from && name) stages.push({ name, from, instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

/** The instructions that are in force at the end of a stage, those of the stages it builds on first. */
export function inForce(stages: readonly Stage[], name: string): Instruction[] {
  const stage = stages.find((candidate) => candidate.name === name);
  return stage ? [...inForce(stages, stage.from), ...stage.instructions] : [];
}

/** The last instruction of a word, which is the one that counts. */
export function last(instructions: readonly Instruction[], word: string): string | undefined {
  return instructions.filter((instruction) => instruction.word === word).at(-1)?.rest;
}

function instructionsOf(text: string): Instruction[] {
  const lines = text
    .split('\n')
    .filter((line) => !line.startsWith('#'))
    .join('\n')
    .replace(/\\\n\s*/g, ' ')
    .split('\n');
  return lines.flatMap((line) => {
    const [, word, rest] = /^([A-Z]+)\s+(.*)$/.exec(line.trim()) ?? [];
    return word !== undefined && rest !== undefined ? [{ word, rest }] : [];
  });
}
