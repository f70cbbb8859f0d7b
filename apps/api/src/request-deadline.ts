import { Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { HttpProblem } from '@millrace/runtime';
import { timeout, TimeoutError, catchError, throwError, type Observable } from 'rxjs';

/** Above what the database may take for one statement and a transaction of a few. */
const DEADLINE_MS = 15_000;

/**
 * Answers 503 when a request takes longer than any healthy one: a database that is frozen, or behind a network that
 * swallows packets, refuses nothing and would be waited for.
 */
@Injectable()
export class RequestDeadline implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      timeout({ first: DEADLINE_MS }),
      catchError((error: unknown) => throwError(() => (error instanceof TimeoutError ? tooLate() : error))),
    );
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
