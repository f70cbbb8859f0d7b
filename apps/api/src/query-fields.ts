import { applyDecorators, Injectable, type PipeTransform } from '@nestjs/common';
import { ApiQuery } from '@nestjs/swagger';
import { invalidRequest, type FieldProblem } from '@millrace/runtime';
import { isUnstorable } from '@millrace/contracts';

/** How one query parameter is read and documented. `read` throws an `Error` whose message says what is accepted. */
export interface QueryField<T> {
  readonly read: (text: string) => T;
  /** Reads a parameter that may be given more than once. */
  readonly readAll?: (texts: readonly string[]) => T;
  readonly doc: string;
  readonly schema: Readonly<Record<string, unknown>>;
}

export type QueryFields = Readonly<Record<string, QueryField<unknown>>>;

/** What the fields of a query are read to; absent ones are undefined. */
export type QueryOf<F extends QueryFields> = { readonly [K in keyof F]?: F[K] extends QueryField<infer T> ? T : never };

/** A whole number in plain digits, without sign or leading zeros. */
export function integer(doc: string, bounds: { readonly min: number; readonly max: number }): QueryField<number> {
  const { min, max } = bounds;
  return {
    read: (text) => {
      const value = /^(0|[1-9]\d{0,14})$/.test(text) ? Number(text) : Number.NaN;
      if (value >= min && value <= max) return value;
      throw new Error(`must be a whole number from ${min} to ${max}`);
    },
    doc,
    schema: { type: 'integer', minimum: min, maximum: max },
  };
}

export function oneOf<T extends string>(doc: string, values: readonly T[]): QueryField<T> {
  return {
    read: (text) => {
      const value = values.find((candidate) => candidate === text);
      if (value !== undefined) return value;
      throw new Error(`must be one of ${values.join(', ')}`);
    },
    doc,
    schema: { type: 'string', enum: values },
  };
}

export function matching(doc: string, pattern: RegExp): QueryField<string> {
  return {
    read: (text) => {
      if (pattern.test(text)) return text;
      throw new Error(`must match ${pattern.source}`);
    },
    doc,
    schema: { type: 'string', pattern: pattern.source },
  };
}

/** Any text of 1 to `max` characters that the database can hold. */
export function text(doc: string, max: number): QueryField<string> {
  return {
    read: (value) => {
      if (value === '' || value.length > max) throw new Error(`must be text of 1 to ${max} characters`);
      if (isUnstorable(value)) throw new Error('must not contain NUL');
      return value;
    },
    doc,
    schema: { type: 'string', minLength: 1, maxLength: max },
  };
}

/** A parameter that may be given more than once, such as `cron=…&cron=…`. */
export function repeated<T>({ read, doc, schema }: QueryField<T>): QueryField<readonly T[]> {
  return {
    read: (text) => [read(text)],
    readAll: (texts) => texts.map(read),
    doc,
    schema: { type: 'array', items: schema },
  };
}

/** `true` or `false`. */
export function flag(doc: string): QueryField<boolean> {
  return {
    read: (text) => {
      if (text === 'true' || text === 'false') return text === 'true';
      throw new Error('must be true or false');
    },
    doc,
    schema: { type: 'boolean' },
  };
}

/** A moment, as ISO 8601 with its offset from UTC. */
export function instant(doc: string): QueryField<Date> {
  return { read: readInstant, doc, schema: { type: 'string', format: 'date-time' } };
}

const INSTANT = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/;

/** Reads an ISO 8601 instant of the years 1970 to 9999 that names its offset. Throws an `Error` that says what is accepted. */
export function readInstant(value: unknown): Date {
  const [, day] = typeof value === 'string' ? (INSTANT.exec(value) ?? []) : [];
  const ms = day === undefined ? Number.NaN : Date.parse(value as string);
  // Date.parse takes 30 February for 1 March; the day must come back as it went in. JSON has null for no date at all.
  const dayIsReal = day !== undefined && new Date(`${day}T00:00:00Z`).toJSON()?.startsWith(day);
  if (dayIsReal && ms >= 0 && ms < 253_402_300_800_000) return new Date(ms);
  throw new Error('must be an instant such as 2030-01-31T12:00:00Z, with Z or an offset');
}

/** Reads a query by its fields: unknown and repeated parameters and bad values answer 400, all at once. */
@Injectable()
export class QueryPipe<F extends QueryFields> implements PipeTransform<unknown, QueryOf<F>> {
  constructor(private readonly fields: F) {}

  transform(query: unknown): QueryOf<F> {
    const values: Record<string, unknown> = {};
    const errors: FieldProblem[] = [];
    for (const [name, value] of Object.entries(query ?? {})) {
      const field = Object.hasOwn(this.fields, name) ? this.fields[name] : undefined;
      if (!field) {
        errors.push({ field: name.slice(0, 64), message: `is not a parameter; known are ${this.known()}` });
      } else if (typeof value === 'string') {
        this.read(name, () => field.read(value), values, errors);
      } else if (field.readAll && isTexts(value)) {
        this.read(name, () => field.readAll?.(value), values, errors);
      } else {
        errors.push({ field: name, message: 'must be given once' });
      }
    }
    if (errors.length > 0) throw invalidRequest(errors);
    return values as QueryOf<F>;
  }

  private read(name: string, read: () => unknown, values: Record<string, unknown>, errors: FieldProblem[]): void {
    try {
      values[name] = read();
    } catch (error) {
      errors.push({ field: name, message: error instanceof Error ? error.message : String(error) });
    }
  }

  private known(): string {
    return Object.keys(this.fields).join(', ') || 'none';
  }
}

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((text) => typeof text === 'string');

/** Documents the parameters of a query. */
export function ApiQueryFields(fields: QueryFields): MethodDecorator {
  return applyDecorators(
    ...Object.entries(fields).map(([name, { doc, schema }]) =>
      ApiQuery({ name, description: doc, required: false, schema }),
    ),
  );
}
