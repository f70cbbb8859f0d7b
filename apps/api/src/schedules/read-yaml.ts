import { invalidRequest, parseStrictJson } from '@millrace/runtime';
import { CORE_SCHEMA, load, YAMLException } from 'js-yaml';
import { isObject } from '../json-object';

/** Deepest nesting, the same as of a JSON body. */
const MAX_DEPTH = 64;

const MAX_ALIASES = 1_000;

/** Characters and members of the value once aliases are written out: a few lines of them can stand for gigabytes. */
const MAX_SIZE = 4 * 1024 * 1024;

/**
 * The value of a YAML 1.2 document of plain data: what JSON has and no more, so that nothing is recorded otherwise than it was
 * written. Throws a 400 that names line and column, or the field.
 */
export function readYaml(text: string): unknown {
  const value = plain(parse(text), '', { left: MAX_SIZE, depth: 0 });
  if (!isObject(value)) throw refuse('the document must be a mapping');
  return parseStrictJson(Buffer.from(JSON.stringify(value)));
}

function parse(text: string): unknown {
  try {
    return load(text, { schema: CORE_SCHEMA, maxDepth: MAX_DEPTH, maxAliases: MAX_ALIASES });
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const { mark, reason } = error;
    throw refuse(mark ? `line ${mark.line + 1}, column ${mark.column + 1}: ${reason}` : reason);
  }
}

/** A value without what JSON cannot hold, or would hold as another one; each such thing is refused with its field. */
function plain(value: unknown, field: string, budget: { left: number; depth: number }): unknown {
  budget.left -= typeof value === 'string' ? value.length : 1;
  if (budget.left < 0) throw refuse('is too large once its aliases are written out');
  if (budget.depth > MAX_DEPTH) throw refuse('is nested too deeply, or refers to itself');
  if (typeof value === 'number' && (!Number.isFinite(value) || isRounded(value))) {
    throw invalidRequest([{ field, message: 'must be a number that keeps its digits; write it as text' }]);
  }
  if (typeof value !== 'object' || value === null) return value;
  budget.depth += 1;
  const copy = Array.isArray(value)
    ? value.map((item, index) => plain(item, `${field}[${index}]`, budget))
    : Object.fromEntries(
        Object.entries(value).map(([key, member]) => {
          budget.left -= key.length;
          return [key, plain(member, field ? `${field}.${key}` : key, budget)];
        }),
      );
  budget.depth -= 1;
  return copy;
}

const isRounded = (value: number): boolean => Number.isInteger(value) && !Number.isSafeInteger(value);

function refuse(message: string) {
  return invalidRequest([{ field: '', message }]);
}
