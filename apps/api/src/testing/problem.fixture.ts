import { expect } from 'vitest';
import type { Answer } from './start-api';

/** A bad field that a problem names. */
export interface Fault {
  readonly field: string;
  readonly message: string;
  readonly position?: number;
}

/** The bad fields that a problem names. */
export function faultsOf(answer: Answer): readonly Fault[] {
  return answer.json<{ errors?: Fault[] }>().errors ?? [];
}

export const fieldsOf = (answer: Answer): string[] => faultsOf(answer).map(({ field }) => field);

/** The answer is a problem of this status, which names the field where one is given. */
export function expectProblem(answer: Answer, status: number, field?: string): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  const problem = answer.json<{ status: number; title: string; instance: string }>();
  expect(problem.status).toBe(status);
  expect(problem.instance).toMatch(/^urn:uuid:/);
  if (field !== undefined) expect(fieldsOf(answer)).toContain(field);
}
