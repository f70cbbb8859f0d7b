import { HttpException } from '@nestjs/common';

/** One bad field: its path in the request (`tasks[17].type`) and what is accepted. */
export interface FieldProblem {
  readonly field: string;
  readonly message: string;
  /** In a text that is read character by character: the one that is wrong, counted from 1. */
  readonly position?: number;
}

/** What went wrong, before it is written as RFC 9457 problem details. */
export interface ProblemInit {
  readonly status: number;
  /** Last part of the problem's URN, such as `task-id-taken`. Absent: the status says it all (`about:blank`). */
  readonly code?: string;
  /** For a person; holds nothing of the request but names and ids. */
  readonly detail?: string;
  readonly errors?: readonly FieldProblem[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** The body of an error answer. */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
  /** URN of the request; the log lines about it carry the same id. */
  readonly instance: string;
  readonly errors?: readonly FieldProblem[];
}

/** Thrown by whatever answers HTTP when it knows the answer. */
export class HttpProblem extends HttpException {
  constructor(readonly problem: ProblemInit) {
    super(problem.detail ?? '', problem.status);
    this.name = 'HttpProblem';
  }
}

/** More bad fields than this are not listed: a large request of nothing but faults must not answer megabytes. */
const LISTED_FIELDS = 100;

/** 400 that names the bad fields, the first hundred of them. */
export function invalidRequest(all: readonly FieldProblem[]): HttpProblem {
  const errors = all.slice(0, LISTED_FIELDS);
  const detail = errors.map(({ field, message }) => (field ? `${field} ${message}` : message)).join('; ');
  return new HttpProblem({
    status: 400,
    code: 'invalid-request',
    detail: detail.length > 1_000 ? `${detail.slice(0, 1_000)}…` : detail,
    errors,
  });
}

/** How errors of the domain are answered: the first class that an error is an instance of decides. */
export type ErrorTable = readonly ErrorRule[];

export interface ErrorRule {
  readonly error: abstract new (...args: never[]) => Error;
  readonly answer: (error: never) => ProblemInit;
}

/** One line of an `ErrorTable`, with the error's own type known to the answer. */
export function answerTo<E extends Error>(
  error: abstract new (...args: never[]) => E,
  answer: (error: E) => ProblemInit,
): ErrorRule {
  return { error, answer };
}
