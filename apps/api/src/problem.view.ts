import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiResponse, ApiSchema } from '@nestjs/swagger';

@ApiSchema({ name: 'FieldProblem' })
export class FieldProblemView {
  @ApiProperty({ type: String, description: 'Path in the request; empty: the whole of it.', example: 'tasks[17].type' })
  readonly field!: string;

  @ApiProperty({ type: String, example: 'must be a whole number from 0 to 9' })
  readonly message!: string;

  @ApiProperty({
    type: 'integer',
    required: false,
    description: 'Of a cron expression or a time zone: the character that is wrong, counted from 1.',
  })
  readonly position?: number;
}

/** RFC 9457. */
@ApiSchema({ name: 'Problem' })
export class ProblemView {
  @ApiProperty({ type: String, example: 'urn:millrace:problem:invalid-request' })
  readonly type!: string;

  @ApiProperty({ type: String, example: 'Bad Request' })
  readonly title!: string;

  @ApiProperty({ type: 'integer', example: 400 })
  readonly status!: number;

  @ApiProperty({ type: String, required: false })
  readonly detail?: string;

  @ApiProperty({ type: String, description: 'URN of the request, as in the log.' })
  readonly instance!: string;

  @ApiProperty({ type: [FieldProblemView], required: false })
  readonly errors?: readonly FieldProblemView[];
}

const MEANINGS: Readonly<Record<number, string>> = {
  400: 'The request is invalid; `errors` names each bad field.',
  401: 'A key is missing or unknown.',
  404: 'There is no such task or schedule.',
  405: 'The address does not answer this method; `Allow` lists those it does.',
  409: 'The state of the task or schedule does not allow it, its name is taken, or it is at another version.',
  413: 'The body is too large.',
  415: 'The content type of the body is not taken.',
  422: 'The Idempotency-Key was used with another request.',
  429: 'Too many requests; `Retry-After` says when to come back.',
  503: 'The database does not answer; `Retry-After` says when to come back.',
};

/** Every call may answer these. */
const ALWAYS = [400, 401, 429, 503];

/** Documents the error answers of a call, and those that every call has. */
export function ApiProblems(...statuses: readonly number[]): MethodDecorator {
  return applyDecorators(
    ...[...ALWAYS, ...statuses].map((status) =>
      ApiResponse({
        status,
        description: MEANINGS[status] ?? '',
        content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
      }),
    ),
  );
}
