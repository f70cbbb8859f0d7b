import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpProblem } from '@millrace/runtime';
import { Store } from '@millrace/store';
import {
  catchError,
  exhaustMap,
  filter,
  map,
  raceWith,
  throwError,
  timeout,
  TimeoutError,
  timer,
  type Observable,
} from 'rxjs';

/** Above what the database may take for one statement and a transaction of a few. */
const DEADLINE_MS = 15_000;

/** A request that takes this long asks whether the database answers at all, which takes a second more at most. */
const PATIENCE_MS = 1_800;

/**
 * Answers 503 when a request is waited for in vain: a database that is frozen, or behind a network that swallows packets,
 * refuses nothing.
 *
 * - While the database is silent no request takes longer than three seconds; one that is only slow goes on.
 * - No request takes longer than any healthy one, 15 s.
 */
@Injectable()
export class RequestDeadline implements NestInterceptor {
  private asking: Promise<boolean> | undefined;

  constructor(private readonly store: Store) {}

  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const silence = timer(PATIENCE_MS, PATIENCE_MS).pipe(
      exhaustMap(() => this.databaseAnswers()),
      filter((answers) => !answers),
      map(() => {
        throw tooLate();
      }),
    );
    return next.handle().pipe(
      raceWith(silence),
      timeout({ first: DEADLINE_MS }),
      catchError((error: unknown) => throwError(() => (error instanceof TimeoutError ? tooLate() : error))),
    );
  }

  /** Asked once for all requests that wait at the same time. */
  private databaseAnswers(): Promise<boolean> {
    this.asking ??= this.store
      .ping()
      .then(
        () => true,
        () => false,
      )
      .finally(() => {
        this.asking = undefined;
      });
    return this.asking;
  }
}

function tooLate(): HttpProblem {
  return new HttpProblem({
    status: 503,
    code: 'unavailable',
    detail: 'The database did not answer in time; whether the request took effect is not known.',
    headers: { 'Retry-After': '2' },
  });
}
